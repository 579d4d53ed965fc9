/**
 * Parts of a large object by position. What is asked for alone comes alone; who goes through it in order is given more and more at a time, so that an
 * archive of a hundred thousand images takes some hundred requests.
 */

/** Reads `size` bytes from `offset`. */
export type PartReader = (offset: number, size: number) => Promise<Uint8Array>;

/** Bytes that are passed over rather than asked for anew: about what comes in the time of a request. */
const mostPassed = 1 << 18;

/** Bytes that come at a time to who goes on, at first and at most. */
const [first, most] = [1 << 18, 1 << 23];

/** Parts that are kept of all objects together: readers run ahead of each other by some images. */
const kept = 6;

/** What is known of an object from `start` on. */
interface Window {
  readonly start: number;
  readonly end: number;
  readonly bytes: Promise<Uint8Array>;
}

/** Windows of all objects that are read, so that the last ones count, whoever's they are. */
export type WindowStore = Window[];

/** A reader over `ask`, for an object of `size` bytes. */
export function readAhead(ask: PartReader, size: number, windows: WindowStore): PartReader {
  const own = new Set<Window>();
  let last: Window | undefined;
  let step = 0;
  const open = (start: number, end: number): Window => {
    const window: Window = { start, end, bytes: ask(start, end - start) };
    // Whoever asked for it is told; the next one asks anew.
    window.bytes.catch(() => forget(window));
    own.add(window);
    windows.push(window);
    while (windows.length > kept) windows.shift();
    return window;
  };
  const forget = (window: Window): void => {
    own.delete(window);
    const at = windows.indexOf(window);
    if (at >= 0) windows.splice(at, 1);
  };
  return async (offset, bytes) => {
    if (offset + bytes > size) throw new Error("it ends early: it has changed since it was opened");
    for (const window of own) if (!windows.includes(window)) own.delete(window);
    const end = offset + bytes;
    let window = [...own].find((one) => one.start <= offset && end <= one.end);
    if (!window) {
      const goesOn = last !== undefined && offset >= last.start && offset - last.end <= mostPassed;
      step = goesOn ? Math.min(most, Math.max(first, 2 * step)) : 0;
      window = open(offset, Math.min(size, Math.max(end, offset + step)));
      last = window;
    }
    const { start, bytes: content } = window;
    return (await content).subarray(offset - start, end - start);
  };
}
