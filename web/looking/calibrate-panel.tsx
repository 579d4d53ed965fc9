/** Calibrating a detector anew on images that a person knows to be normal, and the way back. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { Progress } from "../components/progress.tsx";
import { countOf } from "../components/words.ts";
import { ask } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { followNews } from "../shell/live.ts";
import type { MarksView } from "./marks.ts";
import type { Scoring } from "./scoring-data.ts";

type Run = ApiTypes["run"]["answer"];

export interface CalibratePanelProps {
  readonly scoring: Scoring;
  readonly marks: MarksView;
  /** Called when the detector is another than it was. */
  readonly onChanged: () => void;
}

export function CalibratePanel({ scoring, marks, onChanged }: CalibratePanelProps): JSX.Element {
  const { id, detector, sets } = scoring;
  const run = useSignal<Run | undefined>(undefined);
  const taken = useSignal<readonly number[]>(sets.filter(({ kind }) => kind === "normal").map(({ place }) => place));
  const former = useSignal<boolean>(false);
  const said = useSignal("");
  const look = (): void =>
    attempt(async () => {
      if (detector === null) return;
      const { manifest } = await ask("detector", { parts: { detector } });
      former.value = (manifest as { readonly formerCalibration?: unknown } | null)?.formerCalibration !== undefined;
    });
  useEffect(look, [detector, scoring]);
  const working = run.value !== undefined && ["starting", "running", "stopping"].includes(run.value.state);
  useEffect(() => {
    if (!working) return undefined;
    return followNews(() =>
      attempt(async () => {
        const now = await ask("run", { parts: { run: run.value!.id } });
        run.value = now;
        if (now.state === "finished") {
          said.value = "The detector is calibrated anew. Score again to see its p-values.";
          look();
          onChanged();
        } else if (now.state === "failed") said.value = now.summary.message?.split("\n")[0] ?? "It failed.";
      }),
    );
  }, [working]);
  if (detector === null) return <p class="faint">The detector of these scores is gone.</p>;
  // A calibration that is there already has had a part in the fits.
  const others = sets.filter(({ kind }) => kind !== "held-out");
  const count = others.reduce((sum, { place, first, count: own }) => {
    const inSet = (image: number): boolean => image >= first && image < first + own;
    const [normal, anomalous] = (["normal", "anomalous"] as const).map(
      (mark) => [...marks.of].filter(([image, one]) => one === mark && inSet(image)).length,
    );
    return sum + (taken.value.includes(place) ? own - anomalous! : normal!);
  }, 0);
  const start = (): void =>
    attempt(async () => {
      said.value = "";
      run.value = await ask("calibrate", { parts: { run: id }, body: { sets: [...taken.value] } });
    });
  const undo = (): void =>
    attempt(async () => {
      await ask("undoCalibration", { parts: { detector } });
      said.value = "The calibration before counts again.";
      look();
      onChanged();
    });
  return (
    <section class="panel" aria-labelledby="calibrate">
      <h2 id="calibrate">Calibrate on normal images</h2>
      <p>
        P-values say how many normal images look as anomalous. Images that you mark as normal, and sets that are normal,
        can be the ones they compare to; images that you mark as anomalous are left out. Training stays as it is.
      </p>
      <fieldset>
        <legend>Sets that are taken whole</legend>
        {others.map(({ place, name, kind }) => (
          <label class="check" key={place}>
            <input
              type="checkbox"
              checked={taken.value.includes(place)}
              onChange={() =>
                (taken.value = taken.value.includes(place)
                  ? taken.value.filter((one) => one !== place)
                  : [...taken.value, place])
              }
            />
            {name} <span class="faint small">{kind}</span>
          </label>
        ))}
      </fieldset>
      <div class="row">
        <Button kind="main" disabled={count === 0 || working} onClick={start}>
          Calibrate on {countOf(count, "image")}
        </Button>
        {former.value && (
          <Button disabled={working} onClick={undo}>
            Undo the last calibration
          </Button>
        )}
      </div>
      {working && <Progress label={run.value!.summary.stage} share={run.value!.summary.share} />}
      <p role="status">{said.value}</p>
    </section>
  );
}
