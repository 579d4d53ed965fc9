/** Ctrl-C and SIGTERM, which ask a command to end. */
import type { Console } from "./console.ts";
import { exitCodes } from "./exit-codes.ts";

/** Calls `handle` at every interrupt until the function that comes back is called. */
export function onInterrupt(handle: () => void): () => void {
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return () => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
}

/** A signal that the first interrupt gives, so that work ends at its next step; the second interrupt ends the program at once. */
export function catchInterrupt(output: Console): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const release = onInterrupt(() => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
    output.warn("stopping after this step; Ctrl-C again ends at once, back to the last checkpoint");
  });
  return { signal: controller.signal, release };
}
