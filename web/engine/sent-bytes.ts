/**
 * Counts what leaves a page or a worker: bodies and queries of requests, messages of sockets and data channels, beacons. What is not counted, such
 * as forms and other hosts, the pages' policy shuts. So that "nothing was uploaded" is a measurement, not a promise.
 */

let sent = 0;
let counting = false;

/** Bytes of bodies, queries and messages since `countSentBytes`. */
export const sentBytes = (): number => sent;

/** The size of a body; of one that cannot be told, a byte, so that it is not nothing. */
function sizeOf(body: unknown): number {
  if (body === undefined || body === null) return 0;
  if (typeof body === "string") return new TextEncoder().encode(body).length;
  if (body instanceof Blob) return body.size;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return body.byteLength;
  if (body instanceof URLSearchParams) return body.toString().length;
  return 1;
}

/** Begins to count, once. Call it before anything else runs. */
export function countSentBytes(): void {
  if (counting) return;
  counting = true;
  const scope = globalThis as unknown as Record<string, unknown>;
  const plainFetch = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    if (input instanceof Request && input.body) sent += 1;
    const address = input instanceof Request ? input.url : String(input);
    sent += new URL(address, globalThis.location.href).search.length;
    sent += sizeOf(init?.body);
    return plainFetch(input, init);
  };
  count(scope.XMLHttpRequest, "send", (args) => sizeOf(args[0]));
  count(scope.WebSocket, "send", (args) => sizeOf(args[0]));
  count(scope.RTCDataChannel, "send", (args) => sizeOf(args[0]));
  const { navigator } = globalThis;
  if ("sendBeacon" in navigator) count(navigator.constructor, "sendBeacon", (args) => sizeOf(args[1]) + 1);
}

/** Counts the calls of a method of a class that may not be there. */
function count(owner: unknown, method: string, size: (args: readonly unknown[]) => number): void {
  if (typeof owner !== "function") return;
  const prototype = owner.prototype as Record<string, (...args: unknown[]) => unknown>;
  const plain = prototype[method];
  if (plain === undefined) return;
  prototype[method] = function counted(this: unknown, ...args: unknown[]) {
    sent += size(args);
    return plain.apply(this, args);
  };
}
