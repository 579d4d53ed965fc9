/** Try, in the studio: its detectors are at hand. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ask, urlOf } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import type { PageProps } from "../shell/routes.ts";
import { type DetectorChoice, open, opening } from "../try/session.ts";
import { TryView } from "../try/try-view.tsx";

export function TryPage({ query }: PageProps): JSX.Element {
  const detectors = useSignal<readonly DetectorChoice[]>([]);
  const wished = query.get("detector");
  useEffect(
    () =>
      attempt(async () => {
        const { detectors: known } = await ask("home");
        const ready = known.filter(({ state, role }) => state === "ready" && role === "detector");
        const choices = ready.map(({ id, name }) => ({ id, name, source: filesOf(id) }));
        detectors.value = choices;
        const wanted = choices.find(({ id }) => id === wished) ?? (choices.length === 1 ? choices[0] : undefined);
        if (wanted && (wished !== null || opening.peek().state === "none")) await open(wanted);
      }),
    [wished, detectors],
  );
  return <TryView detectors={detectors.value} trainAddress="/try/train" />;
}

/** The address of a detector's folder: that of its files less their name. */
function filesOf(id: string): string {
  return urlOf("detectorFile", { parts: { detector: id, name: "" } });
}
