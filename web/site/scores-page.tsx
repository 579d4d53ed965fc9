/** Scores, in an exported folder: how the normal images scored that the detector's p-values rest on, with a threshold to move. */
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import {
  type Calibration,
  countUpTo,
  histogram,
  histogramEdges,
  pValues,
  scoreThreshold,
  unitOf,
} from "../../src/score/index.ts";
import { Histogram, type HistogramSet } from "../components/histogram.tsx";
import { choicesOf, Select } from "../components/select.tsx";
import { countOf, showCount } from "../components/words.ts";
import { attempt } from "../shell/errors.ts";
import { table } from "../try/session.ts";
import { readSite, siteAddresses } from "./site-file.ts";

/** What the page takes of the detector's manifest. */
interface Calibrated {
  readonly defaultScore: string;
  readonly calibration: Calibration;
}

/** The rate at which the threshold stands at first. */
const usualRate = 0.01;

export function SiteScoresPage(): JSX.Element {
  const manifest = useSignal<Calibrated | undefined>(undefined);
  useEffect(
    () =>
      attempt(async () => {
        await readSite();
        const response = await fetch(`${siteAddresses.detector}detector.json`);
        if (!response.ok) throw new Error(`the detector is not beside this page (${response.status})`);
        manifest.value = (await response.json()) as Calibrated;
      }),
    [manifest],
  );
  return (
    <>
      <h1>Scores</h1>
      <p class="lead">
        How the normal images scored that this detector was calibrated on, and that nothing was trained on. What scores
        beyond the threshold is marked anomalous.
      </p>
      {manifest.value ? <ScoresView {...manifest.value} /> : <p class="faint">Loading</p>}
    </>
  );
}

/** Every score's references with a threshold. */
function ScoresView({ calibration, defaultScore }: Calibrated): JSX.Element {
  const score = useSignal(defaultScore);
  const moved = useSignal<number | undefined>(undefined);
  // Ascending already, as the calibration keeps them.
  const references = useComputed(() => calibration.scores[score.value] ?? []);
  const tried = useComputed(() =>
    (table.value?.rows ?? [])
      .flatMap(({ scores }) => (score.value in scores ? [scores[score.value]!] : []))
      .sort((a, b) => a - b),
  );
  const drawn = useComputed(() => {
    const edges = histogramEdges([...references.value, ...tried.value]);
    const setOf = (name: string, values: readonly number[]): HistogramSet => ({
      name,
      counts: histogram(values, edges).counts,
      total: values.length,
    });
    const sets = [setOf("normal images", references.value)];
    return { edges, sets: tried.value.length > 0 ? [...sets, setOf("images of Try", tried.value)] : sets };
  });
  const usual = useComputed(() => {
    const at = scoreThreshold(calibration, score.value, Math.max(usualRate, 1 / (references.value.length + 1)));
    return Number.isFinite(at) ? at : (references.value.at(-1) ?? 0);
  });
  const threshold = moved.value ?? usual.value;
  const beyond = (values: readonly number[]): number => values.length - countUpTo(values, threshold);
  // A new image has its p-value from the references that score as high.
  const [rate] = pValues(calibration, score.value, [nextAbove(threshold)]);
  const unit = unitOf(score.value);
  const text = `${threshold.toFixed(2)} ${unit}, false-alarm rate ${rate!.toPrecision(2)}, ${beyond(references.value)} of ${references.value.length} normal images beyond`;
  return (
    <section aria-label="Threshold and histogram">
      <div class="row">
        <Select
          label="Score"
          value={score.value}
          choices={choicesOf(Object.keys(calibration.scores))}
          onChoose={(name) => {
            score.value = name;
            moved.value = undefined;
          }}
        />
        <label class="field">
          <span>Threshold, {unit}</span>
          <input
            type="number"
            step="any"
            value={Number(threshold.toFixed(4))}
            onChange={({ currentTarget }) => {
              if (Number.isFinite(currentTarget.valueAsNumber)) moved.value = currentTarget.valueAsNumber;
            }}
          />
        </label>
      </div>
      <Histogram
        label={`Histogram of ${score.value}`}
        axis={`${score.value}, ${unit}; higher is more anomalous`}
        edges={drawn.value.edges}
        sets={drawn.value.sets}
        threshold={{ value: threshold, text, onChange: (value) => (moved.value = value) }}
      />
      <dl class="facts wide" aria-live="polite">
        <div>
          <dt>False-alarm rate</dt>
          <dd>{Number((100 * rate!).toPrecision(2))} %: of normal images at most so many are marked</dd>
        </div>
        <div>
          <dt>Normal images beyond</dt>
          <dd>
            {showCount(beyond(references.value))} of {countOf(references.value.length, "image")}
          </dd>
        </div>
        {tried.value.length > 0 && (
          <div>
            <dt>Images of Try beyond</dt>
            <dd>
              {showCount(beyond(tried.value))} of {countOf(tried.value.length, "image")}
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** A number that is above: what is at the threshold itself is not marked. */
function nextAbove(value: number): number {
  return value + Math.max(Math.abs(value), 1) * 1e-12;
}
