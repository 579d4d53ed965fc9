/** One request for a part of a file, over redirections, none of which may lead into the machine's own network. */
import { get as getPlain, type IncomingMessage } from "node:http";
import { get as getSecure } from "node:https";
import { addressIn, InsideAddress, isInside, lookupOutside } from "./addresses.ts";

/** Redirections that are followed. */
const mostRedirections = 5;

/** How a file is asked for. */
export interface RequestOptions {
  /** Bytes that are there already. */
  readonly from: number;
  /** Milliseconds without a byte after which a connection is given up. */
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
}

/** What asking again does not change. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

/** The answer to a request for a file from a byte on, its body unread. Throws Refusal where asking again would not help, else what the connection throws. */
export async function requestFile(url: string, options: RequestOptions): Promise<IncomingMessage> {
  const first = new URL(url);
  let at = first;
  for (let redirections = 0; redirections <= mostRedirections; redirections++) {
    const answer = await ask(at, at.host === first.host, options);
    const { statusCode = 0, headers } = answer;
    if (![301, 302, 303, 307, 308].includes(statusCode)) return answer;
    answer.destroy();
    at = redirected(at, headers.location);
  }
  throw new Refusal(`more than ${mostRedirections} redirections`);
}

function redirected(from: URL, location: string | undefined): URL {
  const to = URL.canParse(location ?? "", from.href) ? new URL(location!, from) : undefined;
  if (!to || !/^https?:$/.test(to.protocol)) throw new Refusal(`a redirection to '${location}'`);
  if (from.protocol === "https:" && to.protocol === "http:")
    throw new Refusal(`a redirection to '${to.href}', which is not secure`);
  return to;
}

/** Only the host that was named may be one of the machine's own network: another one must not lead there. */
function ask(url: URL, isNamed: boolean, { from, patience, signal }: RequestOptions): Promise<IncomingMessage> {
  const address = addressIn(url);
  if (!isNamed && address !== undefined && isInside(address)) throw leadsInside(url);
  const get = url.protocol === "https:" ? getSecure : getPlain;
  return new Promise((resolve, reject) => {
    const request = get(
      url,
      {
        // A connection of its own: none that was opened before with other care.
        agent: false,
        timeout: patience,
        headers: {
          accept: "*/*",
          "accept-encoding": "identity",
          "user-agent": "outglow",
          ...(from > 0 && { range: `bytes=${from}-` }),
        },
        ...(!isNamed && { lookup: lookupOutside }),
        ...(signal && { signal }),
      },
      resolve,
    );
    request.once("timeout", () => request.destroy(new Error(`no byte for ${patience / 1000} seconds`)));
    request.once("error", (error) => reject(error instanceof InsideAddress ? leadsInside(url) : error));
  });
}

function leadsInside(url: URL): Refusal {
  return new Refusal(`a redirection to '${url.href}', an address of this machine's own network`);
}
