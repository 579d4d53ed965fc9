/** Detectors that are ready and sets that were scored, as the studio tells of them. */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { ask } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { followNews } from "../shell/live.ts";

/** What there is to look at. */
export interface Lookable {
  readonly detectors: ApiTypes["home"]["answer"]["detectors"];
  readonly scorings: ApiTypes["scorings"]["answer"]["scorings"];
}

/** What there is to look at, kept up to date; undefined until the studio has answered. */
export function useLookable(): ReadonlySignal<Lookable | undefined> {
  const lookable = useSignal<Lookable | undefined>(undefined);
  useEffect(
    () =>
      followNews(() =>
        attempt(async () => {
          const [home, { scorings }] = await Promise.all([ask("home"), ask("scorings")]);
          const detectors = home.detectors.filter(({ state, role }) => state === "ready" && role === "detector");
          lookable.value = { detectors, scorings };
        }),
      ),
    [],
  );
  return lookable;
}
