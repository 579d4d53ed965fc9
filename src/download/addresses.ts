/** Which addresses are nobody's but the machine's own network: a server of elsewhere must not lead there. */
import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

const inside = new BlockList();
for (const [address, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  inside.addSubnet(address, bits, "ipv4");
for (const [address, bits] of [
  ["::", 127],
  ["64:ff9b::", 96],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  inside.addSubnet(address, bits, "ipv6");

/** Whether an address in digits is of the machine, of its network, or of no single machine (RFC 6890). */
export function isInside(address: string): boolean {
  return inside.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** The host of a URL as an address in digits; undefined where it is a name. */
export function addressIn({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, "");
  return isIP(bare) === 0 ? undefined : bare;
}

/** What is said where a name or an address is refused. */
export class InsideAddress extends Error {
  override readonly name = "InsideAddress";
}

/** Looks names up and refuses those that lead inside: asked once and for the very connection, so that no second answer can differ. */
export const lookupOutside: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, "", 4);
    const wrong = addresses.find(({ address }) => isInside(address));
    if (wrong) return callback(new InsideAddress(`'${hostname}' is ${wrong.address}`), "", 4);
    if (options.all) return callback(null, addresses);
    const [first] = addresses;
    return callback(null, first!.address, first!.family);
  });
};
