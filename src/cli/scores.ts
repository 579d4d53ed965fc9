/** `outglow scores`: every score there is, as a table. */
import { type Column, formatTable } from "../report/index.ts";
import { type ListedScore, listScores } from "../workflow/index.ts";
import { openConsole } from "./console.ts";

/** What is typed after `outglow scores`. */
export interface ScoresOptions {
  readonly json: boolean;
}

/** Lists the scores. */
export async function scores(folder: string, { json }: ScoresOptions): Promise<void> {
  const output = openConsole(false);
  const { evaluation, scores: list } = await listScores(folder);
  if (json) return output.print(JSON.stringify({ detector: folder, evaluation, scores: list }));
  const sets = [...new Set(list.flatMap(({ auroc }) => Object.keys(auroc)))];
  const columns: Column<ListedScore>[] = [
    { heading: "score", value: (score) => (score.default ? `${score.name} (default)` : score.name) },
    {
      heading: "here",
      value: ({ calibrated, onDemand }) =>
        calibrated === null ? "no" : (onDemand ? "by name" : "yes") + (calibrated ? "" : ", no p-values yet"),
    },
    ...sets.map((set) => ({
      heading: set,
      value: ({ auroc }: ListedScore) => (auroc[set] === undefined ? "" : auroc[set].toFixed(3)),
    })),
    { heading: "needs", value: ({ needs }) => needs.join(", ") || "nothing" },
    { heading: "costs in training", value: ({ training }) => training },
    { heading: "costs in scoring", value: ({ scoring }) => scoring },
    { heading: "by", value: ({ paper }) => paper },
    { heading: "what it is", value: ({ description }) => description },
  ];
  output.print(formatTable(list, columns));
  output.note(
    evaluation === null
      ? "how well they tell anomalies: outglow evaluate"
      : `AUROC by set: ${evaluation}; costs come on top of the normal flow's training and pass`,
  );
  output.note("scores by name: outglow calibrate --scores NAMES learns them from the detector's own held-out images");
}
