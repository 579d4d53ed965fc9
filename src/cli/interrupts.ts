/** Ctrl-C and SIGTERM, which ask a command to end. */

/** Calls `handle` at every interrupt until the function that comes back is called. */
export function onInterrupt(handle: () => void): () => void {
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return () => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
}
