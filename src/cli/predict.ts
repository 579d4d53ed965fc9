/** `outglow predict`: a table of scores, p-values and decisions, and a contact sheet of the most anomalous images. */
import { extname } from "node:path";
import { ConfigError } from "../base/index.ts";
import type { Detector } from "../detector/index.ts";
import { flaggedColour, renderContactSheet } from "../report/index.ts";
import { computeScore, decide, type ModelTerms, pValues, scoreDefinition, smallestFalseAlarm } from "../score/index.ts";
import { openConsole } from "./console.ts";
import { refuseExisting, writeOutput } from "./output-file.ts";
import type { PredictOptions } from "./predict-command.ts";
import { joinModelTerms, openDetector, scoreImages } from "./scoring.ts";
import { reportProblems } from "./train.ts";

/** One image's line of the table. */
interface Row {
  readonly file: string;
  /** The chosen score, higher = more anomalous, nats. */
  readonly score: number;
  readonly pValue: number;
  readonly anomalous: boolean;
  /** Every score by name. */
  readonly scores: Readonly<Record<string, number>>;
}

/** Thumbnails in a row of a contact sheet. */
const sheetColumns = 8;

/** Scores images and prints or writes the table. */
export async function predict(folder: string, locations: readonly string[], options: PredictOptions): Promise<void> {
  const output = openConsole(options.quiet);
  if (options.out !== undefined) await refuseExisting(options.out, options.force, "predict: --out");
  if (options.top !== undefined) await refuseExisting(options.sheet, options.force, "predict: --sheet");
  checkFormat(options.out);
  const detector = await openDetector(folder, options);
  try {
    const { manifest } = detector;
    const name = options.score ?? manifest.defaultScore;
    scoreDefinition(name, manifest.training.model.scales, manifest.models.general !== null);
    warnOfCoarseCalibration(manifest.calibration.count, options.falseAlarm, output.note);

    const { channels, height, width } = manifest.input;
    const shape = { channels, height, width };
    const imageSize = channels * height * width;
    const kept: Uint8Array[] = [];
    const names: string[] = [];
    const tables: ModelTerms[] = [];
    const problems = [];
    for (const location of locations) {
      const onPixels = (pixels: Uint8Array): void => {
        if (options.top !== undefined) kept.push(pixels);
      };
      const scored = await scoreImages(
        detector,
        location,
        { strict: options.strict, where: "predict", onPixels },
        output,
      );
      names.push(...scored.names);
      tables.push(scored.terms);
      problems.push(...scored.problems);
    }
    reportProblems({ problems }, output);
    const rows = makeRows(detector, name, names, joinModelTerms(tables), options.falseAlarm);
    const order = [...rows.keys()].sort((a, b) => rows[b]!.score - rows[a]!.score || a - b);
    const listed = options.sort ? order.map((index) => rows[index]!) : rows;

    if (options.top !== undefined) {
      const best = order.slice(0, options.top);
      const png = await renderContactSheet({
        title: `${best.length} most anomalous of ${rows.length} images by ${name}; framed: marked at a false-alarm rate of ${options.falseAlarm}`,
        images: { ...shape, count: best.length, pixels: gatherPixels(kept, imageSize, best) },
        captions: best.map((index) => {
          const { file, score, pValue, anomalous } = rows[index]!;
          return { name: file, score, pValue, ...(anomalous ? { frame: flaggedColour } : {}) };
        }),
        columns: sheetColumns,
      });
      await writeOutput(options.sheet, png, { force: options.force, where: "predict: --sheet" });
      output.note(`contact sheet: ${options.sheet}`);
    }
    const table =
      options.json || extname(options.out ?? "") === ".json" ? toJson(name, options.falseAlarm, listed) : toCsv(listed);
    if (options.out === undefined) output.print(table);
    else {
      await writeOutput(options.out, `${table}\n`, { force: options.force, where: "predict: --out" });
      output.note(`scores of ${rows.length} images: ${options.out}`);
    }
    const marked = rows.filter(({ anomalous }) => anomalous).length;
    output.note(
      `${marked} of ${rows.length} images marked anomalous by ${name} at a false-alarm rate of ${options.falseAlarm}`,
    );
  } finally {
    await detector.dispose();
  }
}

function makeRows(
  { manifest: { calibration } }: Detector,
  chosen: string,
  names: readonly string[],
  terms: ModelTerms,
  falseAlarm: number,
): Row[] {
  const columns = Object.keys(calibration.scores).map((name) => computeScore(name, terms, calibration));
  const decisive = computeScore(chosen, terms, calibration);
  const probabilities = pValues(calibration, chosen, decisive.values);
  return names.map((file, index) => ({
    file,
    score: decisive.values[index]!,
    pValue: probabilities[index]!,
    anomalous: decide(probabilities[index]!, falseAlarm),
    scores: Object.fromEntries(columns.map(({ name, values }) => [name, values[index]!])),
  }));
}

function warnOfCoarseCalibration(count: number, falseAlarm: number, note: (line: string) => void): void {
  const smallest = smallestFalseAlarm(count);
  if (falseAlarm >= smallest) return;
  note(
    `warning: ${count} calibration images resolve false-alarm rates from ${smallest.toPrecision(2)}, so nothing is marked at ${falseAlarm}; ` +
      "train with more images or raise --false-alarm",
  );
}

/** The pixels of some images out of batches that each hold whole images. */
function gatherPixels(batches: readonly Uint8Array[], imageSize: number, indices: readonly number[]): Uint8Array {
  const starts: number[] = [];
  let total = 0;
  for (const batch of batches) {
    starts.push(total);
    total += batch.length / imageSize;
  }
  const result = new Uint8Array(indices.length * imageSize);
  for (const [position, index] of indices.entries()) {
    const batch = starts.findLastIndex((start) => start <= index);
    const offset = (index - starts[batch]!) * imageSize;
    result.set(batches[batch]!.subarray(offset, offset + imageSize), position * imageSize);
  }
  return result;
}

function checkFormat(path: string | undefined): void {
  if (path !== undefined && ![".csv", ".json"].includes(extname(path))) {
    throw new ConfigError(`predict: --out expects a name that ends in .csv or .json, got '${path}'`);
  }
}

function toJson(score: string, falseAlarm: number, rows: readonly Row[]): string {
  // JSON has no infinity: a score that is not finite is null, and its image has the smallest p-value there is.
  return JSON.stringify({ score, falseAlarm, orientation: "higher is more anomalous", unit: "nats", images: rows });
}

function toCsv(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]?.scores ?? {});
  const header = ["file", "score", "p_value", "anomalous", ...names];
  const lines = rows.map(({ file, score, pValue, anomalous, scores }) =>
    [quote(file), score, pValue, anomalous, ...names.map((name) => scores[name])].join(","),
  );
  return [header.join(","), ...lines].join("\n");
}

/** A CSV field: quoted where it holds a comma, a quote or a line break (RFC 4180). */
function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
