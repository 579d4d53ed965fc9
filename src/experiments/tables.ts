/** The tables of a reproduction: rows are pairs of sets, columns are methods. */
import type { Column } from "../report/index.ts";
import { formatMarkdownTable } from "../report/index.ts";
import type { Method } from "./methods.ts";
import type { AccuracyResult, Expectation, MethodResult, ReproductionResults, SetResult, Summary } from "./results.ts";
import { classModelNames, classModels } from "./supervised.ts";

/** A table that is not yet text. */
export interface ResultTable<Row> {
  readonly caption: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
}

/** How a cell reads. */
export function describeCells({ seeds }: ReproductionResults): string {
  const over =
    seeds.length > 1
      ? `mean over ${seeds.length} seeds (sample standard deviation over the seeds) [95 % bootstrap interval over the test images, its ends averaged over the seeds]`
      : "[95 % bootstrap interval over the test images]; one seed only, so no standard deviation";
  return `AUROC, ${over}. Positive = anomalous: 1 is perfect, 0.5 is chance, and below 0.5 a score points the wrong way.`;
}

/** The paper's methods, or those beyond it. */
export function methodTable(results: ReproductionResults, group: "paper" | "beyond"): ResultTable<string> {
  const methods = results.methods.filter((method) => method.group === group);
  return {
    caption: group === "paper" ? "The paper's methods" : "Baselines, and what goes beyond the paper",
    rows: pairsOf(results),
    columns: [
      { heading: `${results.plan.title} against`, value: (set) => set },
      ...methods.map(({ name }) => ({
        heading: name,
        value: (set: string) => showResult(results.main, name, set),
      })),
    ],
  };
}

interface ScaleRow {
  readonly set: string;
  readonly scale: number;
}

/** The supervised methods; undefined without them. */
export function supervisedTable(results: ReproductionResults): ResultTable<string> | undefined {
  const methods = results.methods.filter(({ group }) => group === "supervised");
  if (methods.length === 0) return undefined;
  return {
    caption: "With the classes of the normal images",
    rows: pairsOf(results),
    columns: [
      { heading: `${results.plan.title} against`, value: (set) => set },
      ...methods.map(({ name }) => ({
        heading: name,
        value: (set: string) => showResult(results.supervised, name, set),
      })),
    ],
  };
}

/** How often the models that know classes find them; undefined where nothing was measured. */
export function accuracyTable({ classAccuracy }: ReproductionResults): ResultTable<AccuracyResult> | undefined {
  if (!classAccuracy) return undefined;
  return {
    caption: `Class accuracy on ${classAccuracy.count} normal test images`,
    rows: [classAccuracy],
    columns: classModelNames.map((model) => ({
      heading: classModels[model],
      value: ({ models }) => showSummary(models[model]),
    })),
  };
}

/** Every scale by itself. */
export function scaleTable(results: ReproductionResults): ResultTable<ScaleRow> {
  const scales = Array.from({ length: results.plan.model.scales }, (_, scale) => scale);
  const column = (heading: string, nameOf: (scale: number) => string): Column<ScaleRow> => ({
    heading,
    value: ({ set, scale }) => showResult(results.scales, nameOf(scale), set),
  });
  return {
    caption: "Scale by scale; scale 0 is the finest",
    rows: pairsOf(results).flatMap((set) => scales.map((scale) => ({ set, scale }))),
    columns: [
      { heading: `${results.plan.title} against`, value: ({ set }) => set },
      { heading: "scale", value: ({ scale }) => scale },
      column("raw", (scale) => `scale ${scale}`),
      column("ratio", (scale) => `ratio of scale ${scale}`),
      column("raw, outlier loss", (scale) => `scale ${scale}, outlier loss`),
      column("ratio, outlier loss", (scale) => `ratio of scale ${scale}, outlier loss`),
    ],
  };
}

/** What the models say of every set. */
export function setTable({ sets }: ReproductionResults): ResultTable<SetResult> {
  const models = Object.keys(sets[0]!.bitsPerDimension);
  return {
    caption: "Bits per dimension by model (fewer = more likely), and the rank correlation of plain and general model",
    rows: sets,
    columns: [
      { heading: "set", value: ({ name }) => name },
      { heading: "images", value: ({ count }) => count },
      ...models.map((model) => ({
        heading: model,
        value: ({ bitsPerDimension }: SetResult) => showSummary(bitsPerDimension[model]!),
      })),
      {
        heading: "rank correlation",
        value: ({ rankCorrelation }) => (rankCorrelation ? showSummary(rankCorrelation) : ""),
      },
    ],
  };
}

/** What was expected and what came out. */
export function expectationTable({ expectations }: ReproductionResults): ResultTable<Expectation> {
  return {
    caption: "What the paper leads one to expect",
    rows: expectations,
    columns: [
      { heading: "expected", value: ({ expectation }) => expectation },
      { heading: "held", value: ({ held }) => (held === null ? "nothing to check" : held ? "yes" : "no") },
      { heading: "found", value: ({ finding }) => finding },
    ],
  };
}

/** What each method is. */
export function explanationTable({ methods }: ReproductionResults): ResultTable<Method> {
  return {
    caption: "The columns",
    rows: methods.filter(({ group }) => group !== "scales"),
    columns: [
      { heading: "column", value: ({ name }) => name },
      { heading: "what it is", value: ({ explanation }) => explanation },
      { heading: "score", value: ({ score }) => score },
    ],
  };
}

/** The whole as Markdown. */
export function renderMarkdown(results: ReproductionResults, commands: readonly string[]): string {
  const { plan, seeds } = results;
  const part = <Row>(table: ResultTable<Row> | undefined): string[] =>
    table ? [`## ${table.caption}`, "", formatMarkdownTable(table.rows, table.columns), ""] : [];
  return [
    `# Reproduction: suite ${plan.suite}, ${plan.title}`,
    "",
    `${describeCells(results)} ${describeTraining(results)}`,
    ...(seeds.length < plan.seeds.length ? ["", `So far ${seeds.length} of ${plan.seeds.length} seeds.`] : []),
    ...plan.notes.flatMap((note) => ["", note]),
    "",
    ...part(methodTable(results, "paper")),
    ...part(methodTable(results, "beyond")),
    ...part(supervisedTable(results)),
    ...part(accuracyTable(results)),
    ...part(scaleTable(results)),
    ...part(setTable(results)),
    ...part(expectationTable(results)),
    "## How to make it again",
    "",
    "```sh",
    ...commands,
    "```",
    "",
  ].join("\n");
}

/** What was trained. */
export function describeTraining({ plan }: ReproductionResults): string {
  const { steps, model, batch, data, generalModel, supervised } = plan;
  const general = generalModel
    ? `the general model in ${generalModel.folder}${generalModel.steps === null ? "" : ` (${generalModel.steps} steps)`} for all seeds`
    : `${steps.general} steps of ${batch} images for the general model on ${data.general}`;
  const classes = supervised
    ? ` With classes: ${supervised.classes} steps of the class-conditional flow, from the general model too and with the outlier loss, and ${supervised.classifier} of each classifier.`
    : "";
  return `Flows of ${model.scales} scales, depth ${model.depth} and width ${model.hidden}; ${general}, then, each starting from it, ${steps.plain} for plain fine-tuning (and for the local model, which starts afresh), ${steps.margin} with the margin loss and ${steps.outlier} with the outlier loss.${classes}`;
}

function pairsOf({ main }: ReproductionResults): string[] {
  return [...new Set(main.map(({ set }) => set))];
}

function showResult(results: readonly MethodResult[], method: string, set: string): string {
  const found = results.find((result) => result.method === method && result.set === set)!;
  const { low, high } = found.interval;
  return `${showSummary(found)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

/** `0.953 (0.012)`, without the deviation where there is one seed. */
function showSummary({ mean, deviation }: Summary): string {
  return deviation === null ? mean.toFixed(3) : `${mean.toFixed(3)} (${deviation.toFixed(3)})`;
}
