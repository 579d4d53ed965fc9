/** Calls from a page to a worker of its own, and their answers: numbered messages, so that several may be on their way. */
import { ConfigError, type Fault, FormatError, isUserError, RunError } from "../../src/base/index.ts";
import type { Answer, ErrorMessage, Numbered } from "./messages.ts";
import { countSentBytes, sentBytes } from "./sent-bytes.ts";

/** A worker that answers calls. */
export interface CalledWorker<Call> {
  /** The result of a call. `onEvent` hears what happens on the way. Rejects with the worker's error, and with `closed` once that is ended. */
  ask(call: Call, onEvent?: (event: unknown) => void): Promise<unknown>;
  /** Bytes that the worker has sent out of the page, as it counted them. */
  sentBytes(): number;
  /** Says something beside the calls, which a worker hears between two steps of what it does. */
  tell(word: string): void;
  /** Ends the worker at once, and gives its memory back. */
  close(): void;
}

/** What waits for an answer. */
interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onEvent: ((event: unknown) => void) | undefined;
}

/** The page's end of a worker. */
export function callWorker<Call extends object>(worker: Worker): CalledWorker<Call> {
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let sent = 0;
  const endAll = (error: unknown): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const call = waiting.get(data.id);
    if (data.kind === "event") return call?.onEvent?.(data.event);
    sent = data.sentBytes;
    waiting.delete(data.id);
    if (data.kind === "result") call?.resolve(data.result);
    else call?.reject(errorOf(data.error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    endAll(crash(event.message || "its script did not load"));
  };
  worker.onmessageerror = () => endAll(crash("a message that could not be read"));
  let closed = false;
  return {
    ask: (call, onEvent) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(closedError());
        const id = calls++;
        waiting.set(id, { resolve, reject, onEvent });
        worker.postMessage({ ...call, id });
      }),
    sentBytes: () => sent,
    tell: (word) => worker.postMessage({ word }),
    close() {
      closed = true;
      worker.terminate();
      endAll(closedError());
    },
  };
}

/** What calls of a worker that was ended reject with: called off, not failed. */
function closedError(): DOMException {
  return new DOMException("the engine was ended", "AbortError");
}

function crash(got: string): RunError {
  return new RunError({
    code: "engine",
    subject: "engine",
    expected: "a worker that answers",
    got,
    remedy: { key: "other", text: "load the page again; a phone may lack the memory" },
  });
}

/** The worker's end: does one call after another. `onWord` hears what is said beside them. */
export function answerCalls<Call extends object>(
  answer: (call: Call, onEvent: (event: unknown) => void) => Promise<unknown>,
  onWord?: (word: string) => void,
): void {
  countSentBytes();
  const scope = globalThis as unknown as Pick<Worker, "onmessage" | "postMessage">;
  const post = (message: Answer): void => scope.postMessage(message);
  let earlier: Promise<unknown> = Promise.resolve();
  scope.onmessage = ({ data }: MessageEvent<Numbered<Call> | { readonly word: string }>) => {
    if ("word" in data) return onWord?.(data.word);
    const { id } = data;
    earlier = earlier
      .then(() => answer(data, (event) => post({ id, kind: "event", event })))
      .then(
        (result) => post({ id, kind: "result", result, sentBytes: sentBytes() }),
        (error: unknown) => post({ id, kind: "error", error: messageOfError(error), sentBytes: sentBytes() }),
      );
  };
}

function messageOfError(error: unknown): ErrorMessage {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message, fault: isUserError(error) ? error.fault : undefined };
}

/** An error as it was thrown in a worker. */
function errorOf({ name, message, fault }: ErrorMessage): Error {
  const content: Fault | string = fault ?? message;
  if (name === "ConfigError") return new ConfigError(content);
  if (name === "FormatError") return new FormatError(content);
  if (name === "RunError") return new RunError(content);
  return new Error(message);
}
