/**
 * Streams of the studio. A browser holds six connections to one address in all, whatever the tabs: only the tab that is looked at holds its
 * stream; shown again, it goes on behind the last event that it saw.
 */
import { signal } from "@preact/signals";
import { errorOf, urlOf } from "./client.ts";
import { report } from "./errors.ts";

/** Whether the studio answered last time; pages say so where it did not. */
export const connected = signal(true);

/** Follows a stream until the function that comes back is called. `onEvent` is given the name of the event, its data and its id. */
export function follow(
  url: string,
  onEvent: (name: string, data: unknown, id: string) => void,
  names: readonly string[] = [],
): () => void {
  let source: EventSource | undefined;
  let last = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const close = (): void => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  /** A browser gives up on a server that refuses connections, which may come back; and on one that says no, which will not change its mind. */
  const again = async (): Promise<void> => {
    const left = new AbortController();
    const answer = await fetch(url, { signal: left.signal }).catch(() => undefined);
    if (answer && !answer.ok) {
      over = true;
      connected.value = true;
      report(await errorOf(answer));
      return;
    }
    left.abort();
    timer = setTimeout(open, 1000);
  };
  const open = (): void => {
    close();
    if (over || document.hidden) return;
    source = new EventSource(last === "" ? url : `${url}${url.includes("?") ? "&" : "?"}after=${last}`);
    source.onopen = () => {
      connected.value = true;
    };
    source.onerror = () => {
      connected.value = false;
      if (source?.readyState === EventSource.CLOSED) void again();
    };
    const hear = (event: MessageEvent<string>): void => {
      if (event.lastEventId !== "") last = event.lastEventId;
      onEvent(event.type, JSON.parse(event.data), event.lastEventId);
    };
    for (const name of ["message", ...names]) source.addEventListener(name, hear as EventListener);
  };
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", open);
    close();
  };
}

/** Calls back now and whenever the studio has news, until the function that comes back is called. */
export function followNews(onNews: () => void): () => void {
  return follow(urlOf("news"), onNews);
}
