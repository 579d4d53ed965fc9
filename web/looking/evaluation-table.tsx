/** Scores compared: how well each tells anomalous sets from normal ones, with intervals. */
import type { JSX } from "preact";
import { Button } from "../components/button.tsx";
import type { Scoring } from "./scoring-data.ts";

export interface EvaluationTableProps {
  readonly evaluation: NonNullable<Scoring["evaluation"]>;
  readonly chosen: string;
  readonly onChoose: (score: string) => void;
}

const width = 96;

export function EvaluationTable({ evaluation: { normal, rows }, chosen, onChoose }: EvaluationTableProps): JSX.Element {
  const sets = [...new Set(rows.map(({ set }) => set))];
  const scores = [...new Set(rows.map(({ score }) => score))];
  const least = Math.min(0.5, ...rows.map(({ interval }) => interval.low));
  const placeOf = (value: number): number => ((value - least) / (1 - least)) * (width - 8) + 4;
  return (
    <section aria-labelledby="compared">
      <h2 id="compared">Scores compared</h2>
      <p class="faint">
        AUROC against {normal.join(" and ")}, with 95 % bootstrap intervals. A mark says that a score differs from the
        one that decides beyond chance (DeLong).
      </p>
      <section class="table" tabindex={0} aria-label="AUROC of every score on every set">
        <table class="evaluation">
          <thead>
            <tr>
              <th scope="col">Score</th>
              {sets.map((set) => (
                <th key={set} scope="col">
                  {set}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {scores.map((score) => (
              <tr key={score} class={score === chosen ? "chosen" : undefined}>
                <th scope="row">
                  <Button kind="quiet" onClick={() => onChoose(score)}>
                    {score}
                  </Button>
                </th>
                {sets.map((set) => {
                  const row = rows.find((one) => one.score === score && one.set === set);
                  if (!row) return <td key={set}>–</td>;
                  const { auroc, interval, comparison, verdict } = row;
                  const sign = verdict === "first" ? "worse" : verdict === "second" ? "better" : "";
                  return (
                    <td key={set} title={comparison ?? undefined}>
                      <svg class="interval" width={width} height="16" aria-hidden="true">
                        <line class="axis" x1={placeOf(0.5)} x2={placeOf(0.5)} y1="1" y2="15" />
                        <line class="reach" x1={placeOf(interval.low)} x2={placeOf(interval.high)} y1="8" y2="8" />
                        <circle cx={placeOf(auroc)} cy="8" r="4" />
                      </svg>{" "}
                      <span class="figure-text">
                        {auroc.toFixed(3)}{" "}
                        <span class="faint">
                          {interval.low.toFixed(3)}–{interval.high.toFixed(3)}
                        </span>
                        {sign !== "" && <span class={sign === "better" ? "good" : "bad"}> {sign}</span>}
                      </span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}
