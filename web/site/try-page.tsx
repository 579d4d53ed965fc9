/** Try, in an exported folder: its one detector. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { attempt } from "../shell/errors.ts";
import { type DetectorChoice, open, opening } from "../try/session.ts";
import { TryView } from "../try/try-view.tsx";
import { readSite, siteAddresses } from "./site-file.ts";

export function SiteTryPage(): JSX.Element {
  const detectors = useSignal<readonly DetectorChoice[]>([]);
  useEffect(
    () =>
      attempt(async () => {
        const { name } = await readSite();
        const own = { name, source: siteAddresses.detector };
        detectors.value = [own];
        if (opening.peek().state === "none") await open(own);
      }),
    [detectors],
  );
  return <TryView detectors={detectors.value} trainAddress="/train" />;
}
