/** The histogram of a score with its threshold, the unit that it is given in, and what it marks of every set, live. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { countUpTo } from "../../src/score/index.ts";
import { Histogram } from "../components/histogram.tsx";
import { NumberField } from "../components/number-field.tsx";
import { Select } from "../components/select.tsx";
import { lookOf } from "../components/set-looks.ts";
import { showCount, showNumber } from "../components/words.ts";
import type { ScoreColumnData, Scoring } from "./scoring-data.ts";
import {
  rateAt,
  showFalseAlarms,
  showRate,
  steppedByReference,
  type ThresholdUnit,
  thresholdFor,
  thresholdUnits,
} from "./thresholds.ts";
import { look, type ViewState } from "./view-state.ts";

export interface ThresholdPanelProps {
  readonly scoring: Scoring;
  readonly column: ScoreColumnData;
  readonly state: ViewState;
  readonly threshold: number;
}

const unitTitles: Readonly<Record<ThresholdUnit, string>> = {
  score: "Score",
  "p-value": "p-value",
  "false alarms": "False alarms",
};

export function ThresholdPanel({ scoring, column, state, threshold }: ThresholdPanelProps): JSX.Element {
  const { id, sets } = scoring;
  const { edges, counts, references, score } = column;
  const visible = sets
    .map(({ place }, index) => ({ place, index }))
    .filter(({ place }) => !state.hidden.includes(place));
  const hidden = state.hidden.join();
  const drawn = useMemo(
    () =>
      sets.map(({ name, count, place }, index) => ({
        name,
        counts: state.hidden.includes(place) ? counts[index]!.map(() => 0) : counts[index]!,
        total: count,
      })),
    [sets, counts, hidden],
  );
  const set = (value: number): void => look(id, { thresholds: { ...state.thresholds, [score]: value } });
  const rate = rateAt(references, threshold);
  const text = `${showNumber(threshold, 3)}, p-value ${showRate(rate)}, ${showFalseAlarms(rate)} normal images marked`;
  const unit = scoring.scores.find(({ name }) => name === score)?.unit ?? "nats";
  const [low, high] = [edges[0]!, edges.at(-1)!];
  const range = state.range && ([Math.max(low, state.range[0]), Math.min(high, state.range[1])] as const);
  return (
    <section class="card" aria-labelledby="histogram">
      <h2 id="histogram" class="hidden-title">
        Histogram
      </h2>
      <div class="row">
        <Select
          label="Score"
          value={score}
          choices={scoring.scores.map(({ name }) => [name, name === scoring.defaultScore ? `${name} (decides)` : name])}
          onChoose={(name) => look(id, { score: name, range: undefined })}
        />
        <Select
          label="Threshold in"
          value={state.unit}
          choices={thresholdUnits.map((unit) => [unit, unitTitles[unit]])}
          onChoose={(unit) => look(id, { unit })}
        />
        <ThresholdField unit={state.unit} threshold={threshold} rate={rate} onChange={set} references={references} />
        <p class="reading" aria-hidden="true">
          {state.unit !== "score" && <span>score {showNumber(threshold, 2)}</span>}
          {state.unit !== "p-value" && <span>p-value {showRate(rate)}</span>}
          {state.unit !== "false alarms" && <span>{showFalseAlarms(rate)} normal images marked</span>}
        </p>
      </div>
      <Histogram
        label={`${score} of ${sets.length} sets; images at the right are the more anomalous ones`}
        axis={`${score}, ${unit === "nats" ? "nats" : "standard deviations"}; the share of each set`}
        edges={edges}
        sets={drawn}
        threshold={{
          value: threshold,
          text,
          onChange: set,
          ...(state.unit !== "score" && {
            stepped: (steps: number) => steppedByReference(references, threshold, steps),
          }),
        }}
        range={range}
        onRange={(brushed) =>
          look(id, {
            range: brushed && [
              // What lies beyond the axis is in its outermost bins.
              brushed[0] <= low ? -Number.MAX_VALUE : brushed[0],
              brushed[1] >= high ? Number.MAX_VALUE : brushed[1],
            ],
          })
        }
      />
      <section class="table sets-marked" tabindex={0} aria-label="What the threshold marks of every set">
        <table>
          <thead>
            <tr>
              <th scope="col">Set</th>
              <th scope="col" class="number">
                Images
              </th>
              <th scope="col" class="number">
                Marked
              </th>
              <th scope="col" class="number">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {sets.map(({ place, name, kind, count }, index) => {
              const { colour } = lookOf(index);
              const shown = visible.some((one) => one.place === place);
              const marked = count - countUpTo(column.sorted[index]!, threshold);
              return (
                <tr key={place}>
                  <th scope="row">
                    <label class="check">
                      <input
                        type="checkbox"
                        checked={shown}
                        onChange={() =>
                          look(id, {
                            hidden: shown ? [...state.hidden, place] : state.hidden.filter((one) => one !== place),
                          })
                        }
                      />
                      <span class="swatch" style={{ background: `var(${colour})` }} /> {name}
                      <span class="faint small"> {kind === "held-out" ? "calibration" : kind}</span>
                    </label>
                  </th>
                  <td class="number">{showCount(count)}</td>
                  <td class="number" data-marked={name}>
                    {showCount(marked)}
                  </td>
                  <td class="number">{count === 0 ? "–" : `${((100 * marked) / count).toFixed(1)}%`}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </section>
  );
}

interface ThresholdFieldProps {
  readonly unit: ThresholdUnit;
  readonly threshold: number;
  readonly rate: number;
  readonly references: ScoreColumnData["references"];
  readonly onChange: (threshold: number) => void;
}

function ThresholdField({ unit, threshold, rate, references, onChange }: ThresholdFieldProps): JSX.Element {
  const shown =
    unit === "score" ? Number(threshold.toFixed(4)) : Number((unit === "p-value" ? rate : 1000 * rate).toPrecision(3));
  const label = unit === "score" ? "Threshold" : unit === "p-value" ? "p-value up to" : "of 1,000 normal images";
  const onGiven = (given: number): void => {
    if (!Number.isFinite(given)) return;
    if (unit === "score") onChange(given);
    else {
      const wished = thresholdFor(references, unit === "p-value" ? given : given / 1000);
      onChange(Number.isFinite(wished) ? wished : (references.scores.at(-1) ?? threshold));
    }
  };
  return <NumberField label={label} value={shown} onGiven={onGiven} />;
}
