/** `outglow evaluate`: a table of AUROC by score and set on stdout, everything else as JSON beside it. */
import { join } from "node:path";
import { ConfigError, commandLine, setting } from "../base/index.ts";
import { parseNamedLocation } from "../data/index.ts";
import { type Detector, loadManifest, manifestName } from "../detector/index.ts";
import { scoreNames, scoreSources } from "../score/index.ts";
import {
  type EvaluationReport,
  type EvaluationRequest,
  evaluateInDetail,
  evaluationPage,
  openDetector,
  showEvaluation,
  showThreshold,
} from "../workflow/index.ts";
import { cachePlace } from "./cache-place.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import type { CacheOptions, EngineOptions } from "./options.ts";
import { exists, isWritable, refuseExisting, writeNumbered, writeOutput } from "./output-file.ts";

/** What is typed after `outglow evaluate`. */
export interface EvaluateOptions extends CacheOptions, EngineOptions {
  /** Where both sides are, if they are not named. */
  readonly set?: string | undefined;
  readonly normal?: string;
  readonly anomalous: readonly string[];
  readonly out?: string;
  readonly compare?: readonly string[];
  readonly detection?: number;
  readonly intervals?: boolean;
  readonly group?: string;
  readonly scores?: readonly string[];
  readonly with?: readonly string[];
  readonly report?: string;
  readonly seed: number;
  readonly coders: boolean;
  readonly strict: boolean;
  readonly force: boolean;
}

/** Evaluates a detector and prints the table. */
export async function evaluate(folder: string, options: EvaluateOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const { set, coders, seed, strict, force } = options;
  const normal = options.normal ?? set ?? missing("normal");
  const named = options.anomalous.length > 0 ? options.anomalous : [set ?? missing("anomalous")];
  const anomalous = await Promise.all(named.map(parseNamedLocation));
  const compared = await comparedThings(folder, options.compare ?? []);
  const { out, report: page } = options;
  const detector = await openDetector(folder, options);
  const against: Detector[] = [];
  const ensemble: Detector[] = [];
  try {
    for (const other of compared.detectors) against.push(await openDetector(other, options));
    for (const other of options.with ?? []) ensemble.push(await openDetector(other, options));
    const request: EvaluationRequest = {
      ...{ normal, anomalous, coders, seed, strict, against, compare: compared.scores },
      intervals: options.intervals ? "all" : "some",
      detection: options.detection,
      group: options.group,
      scores: options.scores,
      ensemble,
    };
    if (out !== undefined) await refuseExisting(out, force, setting("out"));
    if (page !== undefined) await refuseExisting(page, force, setting("report"));
    const kept = out !== undefined || (await isWritable(folder));
    if (!kept)
      output.warn(`'${folder}' cannot be written, so the numbers are only printed; --out keeps them elsewhere`);
    const pages = page === undefined ? undefined : evaluationPage(detector);
    const { report } = await evaluateInDetail(
      detector,
      request,
      { onEvent: eventPrinter(output), cache: cachePlace(options) },
      pages?.onBatch,
    );
    output.print(options.json ? JSON.stringify(report) : showEvaluation(report));
    if (!options.json) for (const line of furtherLines(report, options)) output.print(line);
    if (page !== undefined && pages) {
      const html = await pages.render(report, commandLine(process.argv.slice(2)));
      await writeOutput(page, html, { force, subject: setting("report") });
      output.note(`report: ${page}`);
    }
    if (!kept) return;
    const text = `${JSON.stringify(report, null, 2)}\n`;
    if (out !== undefined) await writeOutput(out, text, { force, subject: setting("out") });
    const path = out ?? (await writeNumbered((number) => join(folder, `evaluation-${number}.json`), text));
    output.note(`written: ${path}`);
  } finally {
    for (const other of [...against, ...ensemble]) await other.dispose();
    await detector.dispose();
  }
}

/** What `--compare` names: scores of this detector, or folders of others. */
async function comparedThings(folder: string, given: readonly string[]) {
  if (given.length === 0) return { scores: [], detectors: [] };
  const manifest = await loadManifest(folder);
  const names = scoreNames(manifest.training.model.scales, scoreSources);
  const isDetector = await Promise.all(
    given.map(async (name) => !names.includes(name) && (await exists(join(name, manifestName)))),
  );
  const chosen = (other: boolean): string[] => given.filter((_, index) => isDetector[index] === other);
  return { scores: chosen(false), detectors: chosen(true) };
}

/** What was asked for beside the table. */
function furtherLines({ comparisons, thresholds }: EvaluationReport, { detection }: EvaluateOptions): string[] {
  return [
    ...comparisons.map(({ set, sentence }) => `${set}: ${sentence}`),
    ...(detection === undefined ? [] : thresholds.map(showThreshold)),
  ];
}

function missing(name: "normal" | "anomalous"): never {
  throw new ConfigError({
    code: "missing-setting",
    subject: setting(name),
    expected: "images",
    got: "none",
    remedy: { key: "other", text: "give them, or after the detector a data set with train/ and test/ side by side" },
  });
}
