/** Pictures that take a while: maps, samples. */
import { useEffect, useRef, useState } from "preact/hooks";
import { StudioError } from "../shell/client.ts";

/** A picture as far as it is there. */
export interface Drawn {
  readonly url?: string;
  readonly busy: boolean;
  readonly problem?: string;
}

/** Fetches a picture so that what goes wrong can be said. With `keeps` the former one stays until the next is there. */
export function useDrawn(url: string | undefined, keeps = false): Drawn {
  const [drawn, setDrawn] = useState<Drawn>({ busy: false });
  const release = useRef((): void => undefined);
  useEffect(() => () => release.current(), []);
  useEffect(() => {
    if (url === undefined) {
      setDrawn({ busy: false });
      return undefined;
    }
    const leaving = new AbortController();
    setDrawn((before) => (keeps ? { ...before, busy: true } : { busy: true }));
    fetchPicture(url, leaving.signal).then(
      (blob) => {
        if (leaving.signal.aborted) return;
        const made = URL.createObjectURL(blob);
        release.current();
        release.current = () => URL.revokeObjectURL(made);
        setDrawn({ busy: false, url: made });
      },
      (error: unknown) => {
        if (!leaving.signal.aborted) setDrawn({ busy: false, problem: error instanceof Error ? error.message : "" });
      },
    );
    return () => leaving.abort();
  }, [url]);
  return drawn;
}

async function fetchPicture(url: string, signal: AbortSignal): Promise<Blob> {
  const response = await fetch(url, { signal });
  if (response.ok) return response.blob();
  const said = (await response.json().catch(() => undefined)) as { readonly error?: string } | undefined;
  throw new StudioError(said?.error ?? `the studio answered with ${response.status}`, response.status);
}
