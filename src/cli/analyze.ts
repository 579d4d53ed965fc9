/** `outglow analyze`: what the models of one or more detectors see in data, as one page, pictures and JSON. */
import { mkdir, readdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join, resolve } from "node:path";
import { ConfigError, messageOf, type RandomKey, randomKey } from "../base/index.ts";
import { openImages, writeFileAtomic } from "../data/index.ts";
import { detectorSources, loadManifest, packageVersion } from "../detector/index.ts";
import { chartPng } from "../report/index.ts";
import { scoreDefinition, scoreDefinitions } from "../score/index.ts";
import { refuseGeneral } from "../workflow/index.ts";
import {
  type AnalysisFigure,
  aurocFigures,
  correlateModels,
  correlationFigures,
  type DetectorEvaluation,
  evaluateDetector,
  fileNamePart,
  likelihoodFigures,
  type ModelPair,
  scaleFigures,
  scoreFigures,
} from "./analysis-charts.ts";
import {
  type AnalysisSource,
  type AnalyzedDetector,
  type AnalyzedSet,
  analyzeSet,
  likelihoodModels,
  limitSource,
  scoreOf,
} from "./analysis-data.ts";
import { redrawnFigures, sampleFigures, sortedFigures } from "./analysis-images.ts";
import { type AnalysisFigures, renderAnalysisPage } from "./analysis-page.ts";
import type { AnalyzeOptions } from "./analyze-command.ts";
import { type Console, openConsole } from "./console.ts";
import { openDetectorWith } from "./detectors.ts";
import { parseSet } from "./evaluate.ts";

/** The result of an analysis as `--json` prints it. */
export interface AnalysisReport {
  /** The page. */
  readonly page: string;
  readonly detectors: Readonly<Record<string, string>>;
  /** Every two models; a model with itself has 1. */
  readonly rankCorrelations: readonly ModelPair[];
  readonly evaluations: readonly DetectorEvaluation[];
  /** Pictures by file within the folder, with what they show. */
  readonly figures: Readonly<Record<string, string>>;
}

/** The name under which the normal images are reported. */
const normalName = "normal";

const pageName = "index.html";
const numbersName = "analysis.json";
const figureFolder = "figures";

/** Analyses detectors on data and writes the folder. */
export async function analyze(folders: readonly string[], options: AnalyzeOptions): Promise<void> {
  const output = openConsole(options.quiet);
  // Everything that can be wrong is found before the first image is scored.
  const sources = await openSources(options);
  const named = nameDetectors(folders);
  const scores = await chooseScores(folders, options);
  await refuseFilled(options.out, options.force);

  const key = randomKey(options.seed);
  const detectors: AnalyzedDetector[] = [];
  for (const [index, { name, folder }] of named.entries()) {
    detectors.push(await analyzeDetector(name, folder, scores[index]!, sources, options, output));
  }
  output.note(`drawing the pictures of ${detectors.length} ${detectors.length === 1 ? "detector" : "detectors"}`);
  const bootstrap = key.fold("bootstrap");
  const rankCorrelations = correlateModels(detectors);
  const evaluations = detectors.flatMap((detector) => evaluateDetector(detector, bootstrap));
  const figures = await drawFigures(detectors, rankCorrelations, evaluations, { key, bootstrap, options });

  const page = renderAnalysisPage(detectors, figures, evaluations, {
    command: commandLine(folders, options),
    version: packageVersion(),
  });
  const report: AnalysisReport = {
    page: join(options.out, pageName),
    detectors: Object.fromEntries(named.map(({ name, folder }) => [name, folder])),
    rankCorrelations,
    evaluations,
    figures: await writeFigures(options.out, Object.values(figures).flat()),
  };
  const numbers = { ...report, images: detectors.map(describeImages), seed: options.seed };
  await writeFileAtomic(join(options.out, numbersName), `${JSON.stringify(numbers)}\n`);
  await writeFileAtomic(report.page, page);
  output.print(options.json ? JSON.stringify(report) : report.page);
}

async function openSources({ data, normal, limit, seed }: AnalyzeOptions): Promise<AnalysisSource[]> {
  if (data.length === 0) throw new ConfigError("analyze: expected at least one --data DATA, got none");
  const sets = data.map(parseSet);
  const taken = normal === undefined ? [] : [normalName];
  const twice = sets.find(
    ({ name }, index) => taken.includes(name) || sets.findIndex((set) => set.name === name) < index,
  );
  if (twice)
    throw new ConfigError(`analyze: --data expects different names, got '${twice.name}' again; write NAME=DATA`);
  const key = randomKey(seed).fold("images");
  const open = async (name: string, location: string, isNormal: boolean): Promise<AnalysisSource> => {
    const source = await openImages(location, isNormal ? "analyze: --normal" : "analyze: --data");
    return { name, normal: isNormal, source: limitSource(source, limit, key.fold(name)) };
  };
  return Promise.all([
    ...(normal === undefined ? [] : [open(normalName, normal, true)]),
    ...sets.map(({ name, location }) => open(name, location, false)),
  ]);
}

/** Detectors by their folders' names, numbered where two or their files' names are alike. Throws ConfigError for the same folder twice. */
export function nameDetectors(folders: readonly string[]): { readonly name: string; readonly folder: string }[] {
  const paths = folders.map((folder) => resolve(folder));
  const twice = paths.findIndex((path, index) => paths.indexOf(path) < index);
  if (twice >= 0) throw new ConfigError(`analyze: expected different detectors, got '${folders[twice]}' twice`);
  const taken = new Set<string>();
  return folders.map((folder, index) => {
    const base = basename(paths[index]!);
    let name = base;
    for (let number = 2; taken.has(fileNamePart(name)); number++) name = `${base}-${number}`;
    taken.add(fileNamePart(name));
    return { name, folder };
  });
}

/** The scores to show of every detector: those asked for that it has. Throws ConfigError for a score that none has. */
async function chooseScores(
  folders: readonly string[],
  { score: wanted, coders }: AnalyzeOptions,
): Promise<string[][]> {
  const manifests = await Promise.all(folders.map(loadManifest));
  for (const [index, manifest] of manifests.entries()) refuseGeneral(folders[index]!, manifest);
  const available = manifests.map((manifest) => {
    const { calibration, training } = manifest;
    const sources = [...detectorSources(manifest)].filter((source) => coders || source !== "coders");
    return scoreDefinitions(training.model.scales, sources)
      .filter(({ name, learn }) => learn === undefined || calibration.hierarchy[name] !== undefined)
      .map(({ name }) => name);
  });
  for (const score of wanted) {
    if (available.some((names) => names.includes(score))) continue;
    scoreDefinition(score, manifests[0]!.training.model.scales, detectorSources(manifests[0]!));
    throw new ConfigError(
      `analyze: --score expects a score that can be measured here, got '${score}'; choose from ${available[0]!.join(", ")}`,
    );
  }
  return available.map((names, index) => {
    const chosen = wanted.length === 0 ? names : names.filter((name) => wanted.includes(name));
    if (chosen.length > 0) return chosen;
    throw new ConfigError(
      `analyze: --score expects at least one score that '${folders[index]}' has, got ${wanted.join(", ")}; add one of ${names.join(", ")}`,
    );
  });
}

/** Throws ConfigError where a folder has files in it and may not be written to. */
async function refuseFilled(folder: string, force: boolean): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new ConfigError(`analyze: --out expects a folder, got '${folder}': ${messageOf(error)}`);
  });
  if (names.length > 0 && !force) {
    throw new ConfigError(
      `analyze: --out expects a new folder, got '${folder}' with files in it; choose another or give --force`,
    );
  }
  await mkdir(join(folder, figureFolder), { recursive: true }).catch((error: unknown) => {
    throw new ConfigError(
      `analyze: --out expects a folder that can be written, got '${folder}': ${messageOf(error)}; choose another`,
    );
  });
}

async function analyzeDetector(
  name: string,
  folder: string,
  scores: readonly string[],
  sources: readonly AnalysisSource[],
  options: AnalyzeOptions,
  output: Console,
): Promise<AnalyzedDetector> {
  const detector = await openDetectorWith(folder, options);
  try {
    const sets: AnalyzedSet[] = [];
    for (const source of sources) sets.push(await analyzeSet(detector, source, options, output));
    return { name, folder, manifest: detector.manifest, flow: detector.flow, scores, sets };
  } finally {
    await detector.dispose();
  }
}

interface DrawingInput {
  readonly key: RandomKey;
  /** The key of bootstrap intervals: the one of `outglow evaluate`, for the same numbers. */
  readonly bootstrap: RandomKey;
  readonly options: AnalyzeOptions;
}

async function drawFigures(
  detectors: readonly AnalyzedDetector[],
  pairs: readonly ModelPair[],
  evaluations: readonly DetectorEvaluation[],
  { key, bootstrap, options }: DrawingInput,
): Promise<AnalysisFigures> {
  const engine = { threads: options.threads ?? availableParallelism(), device: options.device };
  const each = async (draw: (detector: AnalyzedDetector) => Promise<AnalysisFigure[]>): Promise<AnalysisFigure[]> => {
    const figures: AnalysisFigure[] = [];
    for (const detector of detectors) figures.push(...(await draw(detector)));
    return figures;
  };
  return {
    likelihoods: await likelihoodFigures(detectors),
    correlations: await correlationFigures(detectors, pairs),
    aurocs: await each((detector) => aurocFigures(detector, evaluations)),
    scores: await each((detector) => scoreFigures(detector, bootstrap)),
    scales: await each((detector) => scaleFigures(detector, bootstrap)),
    sorted: await each(sortedFigures),
    samples: await each((detector) => sampleFigures(detector, key, engine)),
    redrawn: await each((detector) => redrawnFigures(detector, key, engine)),
  };
}

/** Writes every picture, charts as SVG and PNG, and says what each file shows. */
export async function writeFigures(
  folder: string,
  figures: readonly AnalysisFigure[],
): Promise<Record<string, string>> {
  const written: Record<string, string> = {};
  await mkdir(join(folder, figureFolder), { recursive: true });
  const write = async (name: string, content: string | Uint8Array, caption: string): Promise<void> => {
    await writeFileAtomic(join(folder, figureFolder, name), content);
    written[`${figureFolder}/${name}`] = caption;
  };
  for (const { name, image, caption } of figures) {
    if ("svg" in image) await write(`${name}.svg`, image.svg, caption);
    await write(`${name}.png`, "svg" in image ? await chartPng(image.svg) : image.png, caption);
  }
  return written;
}

/** The likelihoods and scores of every image, as JSON holds them: what is not finite becomes null. */
function describeImages(detector: AnalyzedDetector) {
  const models = likelihoodModels([detector]);
  return {
    detector: detector.name,
    unit: "nats",
    orientation: "higher scores are more anomalous",
    sets: detector.sets.map((set, index) => ({
      name: set.name,
      location: set.location,
      normal: set.normal,
      skipped: set.skipped,
      files: set.names,
      logLikelihoods: Object.fromEntries(models.map((one) => [one.model, Array.from(one.likelihoods[index]!)])),
      scores: Object.fromEntries(detector.scores.map((score) => [score, Array.from(scoreOf(detector, set, score))])),
    })),
  };
}

/** The command line that makes the analysis again, as a shell takes it. */
function commandLine(
  folders: readonly string[],
  { data, normal, out, limit, score, coders, seed, strict }: AnalyzeOptions,
): string {
  const words = [
    ...folders,
    ...data.flatMap((one) => ["--data", one]),
    ...(normal === undefined ? [] : ["--normal", normal]),
    ...score.flatMap((one) => ["--score", one]),
    ...["--limit", String(limit), "--seed", String(seed), "--out", out],
    ...(coders ? [] : ["--no-coders"]),
    ...(strict ? ["--strict"] : []),
  ];
  return ["outglow analyze", ...words.map(quoteWord)].join(" ");
}

/** A word as a shell takes it. */
export function quoteWord(word: string): string {
  return /^[\w./=,:+@-]+(#[\w./=,:+-]+)?$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
