/** The page about decisions on labelled sets, with the metrics that an evaluation has. */
import type { Detector } from "../../detector/index.ts";
import { tableOf } from "../../report/index.ts";
import { metricDefinitions, metricNames, ruleLabel } from "../../score/index.ts";
import { decisionOf } from "../deciding/decisions.ts";
import { judgeImages } from "../scoring/prediction.ts";
import type { ScoredBatch } from "../scoring/scoring.ts";
import { decisionPage } from "./decision-page.ts";
import type { EvaluationReport } from "./evaluation.ts";
import { normalName } from "./evaluation-sets.ts";
import type { MeasuredEvaluation } from "./measures.ts";

/** Gathers what an evaluation scores (`onBatch` of `evaluateInDetail`) and makes a page of it. */
export interface EvaluationPage {
  readonly onBatch: (set: string, batch: ScoredBatch) => void;
  /** The page's HTML. `command` makes it again. */
  readonly render: (report: EvaluationReport, command: string) => Promise<string>;
}

/**
 * A page about a detector's decisions on labelled sets, by its own rule; one that takes all images gives way to the usual rate, since test sets
 * have another share of anomalies than what comes later.
 */
export function evaluationPage(detector: Detector): EvaluationPage {
  const own = detector.manifest.decision?.kind === "false-discovery" ? { falseAlarm: 0.01 } : {};
  const decision = decisionOf(detector, own);
  const page = decisionPage(detector, decision);
  return {
    onBatch(set, batch) {
      const kind = set === normalName ? "normal" : "anomalous";
      for (const image of judgeImages(detector, decision, batch)) page.add(set, kind, image);
    },
    render: (report, command) =>
      page.render({
        title: `Evaluation of ${report.detector}`,
        remarks: report.comparisons.map(({ set, sentence }) => `${set}: ${sentence}.`),
        tables: [metricTable(report)],
        inputs: Object.entries(report.sets).map(([name, { location, count, skipped }]) => ({
          name: `${name} (${location})`,
          read: count,
          skipped,
        })),
        settings: [["rule", ruleLabel(decision.rule)]],
        commands: [command],
      }),
  };
}

function metricTable({ evaluations, defaultScore }: EvaluationReport) {
  const own = evaluations.filter(({ score }) => score === defaultScore);
  const cell = ({ metrics }: MeasuredEvaluation, name: (typeof metricNames)[number]): string => {
    const { value, interval } = metrics[name];
    return `${value.toFixed(3)}${interval ? ` [${interval.low.toFixed(3)}, ${interval.high.toFixed(3)}]` : ""}`;
  };
  return tableOf(metricNames, [
    { heading: `metric of ${defaultScore}`, value: (name) => metricDefinitions[name].title },
    ...own.map((evaluation) => ({
      heading: `${evaluation.set} [95 % interval]`,
      value: (name: (typeof metricNames)[number]) => cell(evaluation, name),
    })),
    { heading: "what it is", value: (name) => metricDefinitions[name].description },
  ]);
}
