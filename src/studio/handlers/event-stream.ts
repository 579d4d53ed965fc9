/** Answers that go on: server-sent events, with a sign of life now and then, until the caller leaves or the studio closes. */

/** Writes one event, or several at once, as they are sent. */
export type Send = (event: { readonly id?: number; readonly name?: string; readonly data: unknown }) => void;

/** How often a silent stream gives a sign of life, ms. */
const beat = 10_000;

/** A stream of what `produce` sends; `produce` ends when the signal that it is given is aborted. */
export function eventStream(
  closing: AbortSignal,
  produce: (send: Send, gone: AbortSignal) => Promise<void>,
): globalThis.Response {
  const left = new AbortController();
  const gone = AbortSignal.any([closing, left.signal]);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string): void => {
        if (!gone.aborted) controller.enqueue(encoder.encode(text));
      };
      const beating = setInterval(() => write(":\n\n"), beat).unref();
      write("retry: 1000\n\n");
      const send: Send = ({ id, name, data }) => {
        const head = `${id === undefined ? "" : `id: ${id}\n`}${name === undefined ? "" : `event: ${name}\n`}`;
        write(`${head}data: ${JSON.stringify(data)}\n\n`);
      };
      produce(send, gone)
        .catch(() => undefined)
        .finally(() => {
          clearInterval(beating);
          if (!left.signal.aborted) controller.close();
        });
    },
    cancel: () => left.abort(),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** Waits for calls of what `follow` registers; one that comes while nobody waits is not lost. Also settles when the signal is aborted. */
export function makeWaiter(follow: (listener: () => void) => () => void, gone: AbortSignal): () => Promise<void> {
  let called = false;
  let wake: (() => void) | undefined;
  const call = (): void => {
    called = true;
    wake?.();
  };
  const release = follow(call);
  gone.addEventListener("abort", () => {
    release();
    call();
  });
  return async () => {
    if (!called && !gone.aborted) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    called = false;
  };
}
