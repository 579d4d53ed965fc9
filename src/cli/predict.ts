/** `outglow predict`: a table of scores, p-values and decisions, and a contact sheet of the most anomalous images. */
import { basename, extname } from "node:path";
import { ConfigError, setting } from "../base/index.ts";
import { type AtomicFile, openAtomicFile, openImages, type PreparationProblem } from "../data/index.ts";
import { type Detector, detectorSources } from "../detector/index.ts";
import { flaggedColour, renderContactSheet } from "../report/index.ts";
import {
  checkCalibrated,
  classPosteriors,
  computableScoreNames,
  computeScore,
  decide,
  predictedClasses,
  pValues,
  scoreDefinition,
  smallestFalseAlarm,
} from "../score/index.ts";
import { type ScoredBatch, scoreSource } from "../workflow/index.ts";
import { openConsole } from "./console.ts";
import { openDetectorWith } from "./detectors.ts";
import { eventPrinter } from "./event-printer.ts";
import { discardOnInterrupt, refuseExisting, writeOutput } from "./output-file.ts";
import type { PredictOptions } from "./predict-command.ts";
import { csvFormat, type Decision, inPieces, jsonFormat, type Row, type TableFormat } from "./prediction-table.ts";

/** A row with its pixels [C, H, W], for the contact sheet. */
interface Candidate {
  readonly row: Row;
  readonly pixels: Uint8Array;
}

/** Where a table goes, without the line break at its end. */
interface Table {
  readonly format: TableFormat;
  readonly write: (lines: string) => void | Promise<void>;
}

/** Thumbnails in a row of a contact sheet. */
const sheetColumns = 8;

/** Scores images and prints or writes the table. */
export async function predict(folder: string, locations: readonly string[], options: PredictOptions): Promise<void> {
  const output = openConsole(options.quiet);
  checkFormat(options.out);
  if (options.out !== undefined) await refuseExisting(options.out, options.force, setting("out"));
  if (options.top !== undefined) await refuseExisting(options.sheet, options.force, setting("sheet"));
  // Everything that can be wrong is found before the first image is scored.
  const sources = await Promise.all(locations.map((location) => openImages(location, "predict:")));
  const detector = await openDetectorWith(folder, options);
  let file: AtomicFile | undefined;
  let calledOff = (): void => undefined;
  try {
    const { manifest } = detector;
    const decision = { score: options.score ?? manifest.defaultScore, falseAlarm: options.falseAlarm };
    const { needs } = scoreDefinition(decision.score, manifest.training.model.scales, detectorSources(manifest));
    checkCalibrated(manifest.calibration, decision.score);
    warnOfCoarseCalibration(manifest.calibration.count, options.falseAlarm, output.warn);

    const tables: Table[] = [];
    if (options.out !== undefined) {
      const format = extname(options.out) === ".json" ? jsonFormat(decision) : csvFormat;
      file = await openAtomicFile(options.out);
      calledOff = discardOnInterrupt(file);
      tables.push({ format, write: file.write });
    }
    if (options.json) tables.push({ format: jsonFormat(decision), write: output.print });
    else if (options.out === undefined) tables.push({ format: csvFormat, write: output.print });

    let count = 0;
    let marked = 0;
    const write = async (rows: readonly Row[]): Promise<void> => {
      for (const { format, write: writeLines } of tables) {
        const head = count === 0 ? format.head(rows[0]!) : [];
        await writeLines([...head, ...format.rows(rows, count)].join("\n"));
      }
      count += rows.length;
      marked += rows.filter(({ anomalous }) => anomalous).length;
    };
    const unsorted: Row[] = [];
    const problems: PreparationProblem[] = [];
    const onProblem = (problem: PreparationProblem) => problems.push(problem);
    let top: readonly Candidate[] = [];
    const onlyPrinted = options.out === undefined && options.top === undefined;
    for (const source of sources) {
      // Coding takes longer than a small model's terms: only where the chosen score needs it.
      const scoring = { strict: options.strict, coders: needs.includes("coders"), onProblem };
      for await (const batch of scoreSource(detector, source, scoring, { onEvent: eventPrinter(output) })) {
        const rows = makeRows(detector, decision, batch);
        top = keepTop(top, rows, batch, options.top ?? 0);
        // Only an order by score needs all rows in memory.
        if (options.sort) for (const row of rows) unsorted.push(row);
        else await write(rows);
        // Nobody waits for the rest.
        if (onlyPrinted && !output.heard()) return;
      }
    }
    // Sorting is stable: images with equal scores stay in input order.
    if (options.sort) for (const rows of inPieces(unsorted.sort(byScore))) await write(rows);
    for (const { format, write: writeLines } of tables) {
      for (const lines of inPieces(format.tail(problems))) await writeLines(lines.join("\n"));
    }
    output.problems(problems);
    if (options.out !== undefined) {
      await refuseExisting(options.out, options.force, setting("out"));
      await file?.commit({ replace: options.force });
      output.note(`scores of ${count} images: ${options.out}`);
    }
    if (options.top !== undefined) {
      const sheet = await drawSheet(detector, decision, top, count);
      await writeOutput(options.sheet, sheet, { force: options.force, subject: setting("sheet") });
      output.note(`contact sheet: ${options.sheet}`);
    }
    output.note(
      `${marked} of ${count} images marked anomalous by ${decision.score} at a false-alarm rate of ${decision.falseAlarm}`,
    );
  } finally {
    calledOff();
    await file?.discard();
    await detector.dispose();
  }
}

/** Most anomalous first. Not a difference: infinity less infinity is no order. */
function byScore(a: Row, b: Row): number {
  return a.score === b.score ? 0 : a.score > b.score ? -1 : 1;
}

function makeRows({ manifest: { calibration } }: Detector, decision: Decision, { names, terms }: ScoredBatch): Row[] {
  const columns = computableScoreNames(terms, calibration).map((name) => computeScore(name, terms, calibration));
  const decisive =
    columns.find(({ name }) => name === decision.score) ?? computeScore(decision.score, terms, calibration);
  const classes = predictClasses(terms);
  const probabilities = pValues(calibration, decision.score, decisive.values);
  return names.map((file, index) => ({
    file,
    score: decisive.values[index]!,
    pValue: probabilities[index]!,
    anomalous: decide(probabilities[index]!, decision.falseAlarm),
    ...classes?.[index],
    scores: Object.fromEntries(columns.map(({ name, values }) => [name, values[index]!])),
  }));
}

/** Class and probability of every image, where a model knows classes. */
function predictClasses({ classes, classifier }: ScoredBatch["terms"]) {
  const table = classes ?? classifier;
  if (!table) return undefined;
  const posteriors = classPosteriors(table);
  return Array.from(predictedClasses(table), (predicted, image) => ({
    predictedClass: table.names[predicted] ?? null,
    classProbability: predicted < 0 ? null : posteriors[image * table.names.length + predicted]!,
  }));
}

/** The `count` most anomalous images so far. Only their pixels are kept, however many images there are. */
function keepTop(
  top: readonly Candidate[],
  rows: readonly Row[],
  { pixels }: ScoredBatch,
  count: number,
): readonly Candidate[] {
  if (count === 0) return top;
  const size = pixels.length / rows.length;
  const fresh = rows.map((row, index) => ({ row, pixels: pixels.slice(index * size, (index + 1) * size) }));
  return [...top, ...fresh].sort((a, b) => byScore(a.row, b.row)).slice(0, count);
}

function drawSheet(
  { manifest: { input } }: Detector,
  { score, falseAlarm }: Decision,
  top: readonly Candidate[],
  total: number,
): Promise<Uint8Array> {
  const { channels, height, width } = input;
  return renderContactSheet({
    title: `${top.length} most anomalous of ${total} images by ${score}; framed: marked at a false-alarm rate of ${falseAlarm}`,
    images: { channels, height, width, count: top.length, pixels: Buffer.concat(top.map(({ pixels }) => pixels)) },
    captions: top.map(({ row }) => ({
      name: basename(row.file),
      score: row.score,
      pValue: row.pValue,
      ...(row.anomalous ? { frame: flaggedColour } : {}),
    })),
    columns: sheetColumns,
  });
}

function warnOfCoarseCalibration(count: number, falseAlarm: number, note: (line: string) => void): void {
  const smallest = smallestFalseAlarm(count);
  if (falseAlarm >= smallest) return;
  note(
    `warning: ${count} calibration images resolve false-alarm rates from ${smallest.toPrecision(2)}, so nothing is marked at ${falseAlarm}; ` +
      "train with more images or raise --false-alarm",
  );
}

function checkFormat(path: string | undefined): void {
  if (path !== undefined && ![".csv", ".json"].includes(extname(path))) {
    throw new ConfigError(`predict: --out expects a name that ends in .csv or .json, got '${path}'`);
  }
}
