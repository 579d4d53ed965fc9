/** Tells open pages that something has changed, not what: they ask. */

/** News of a studio. */
export interface News {
  /** Something has changed: told soon, and several changes at once. */
  tell(): void;
  /** Calls back at news until the function that comes back is called. */
  follow(listener: () => void): () => void;
}

/** Changes within so many milliseconds are told together. */
const pause = 400;

/** Makes it. */
export function makeNews(): News {
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  return {
    tell() {
      if (timer) return;
      timer = setTimeout(() => {
        timer = undefined;
        for (const listener of [...listeners]) listener();
      }, pause).unref();
    },
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
