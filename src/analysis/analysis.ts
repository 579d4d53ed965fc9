/** What the models of one or more detectors see in data, as one page, pictures and JSON. */
import { mkdir, readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ConfigError, messageOf, type RandomKey, randomKey, setting } from "../base/index.ts";
import { type NamedLocation, openImages, writeFileAtomic } from "../data/index.ts";
import { packageVersion } from "../detector/index.ts";
import { flowOf } from "../model/index.ts";
import type { ProgramOptions } from "../runtime/index.ts";
import { openDetector, type Watch } from "../workflow/index.ts";
import {
  type AnalysisSource,
  type AnalyzedDetector,
  type AnalyzedSet,
  analyzeSet,
  likelihoodModels,
  limitSource,
  scoreOf,
} from "./analyzed-sets.ts";
import {
  aurocFigures,
  correlateModels,
  correlationFigures,
  type DetectorEvaluation,
  evaluateDetector,
  likelihoodFigures,
  type ModelPair,
  scaleFigures,
  scoreFigures,
} from "./charts.ts";
import { type AnalysisFigure, figureFolder, fileNamePart, writeFigures } from "./figures.ts";
import { type AnalysisFigures, renderAnalysisPage } from "./page.ts";
import { redrawnFigures, sampleFigures, sortedFigures } from "./pictures.ts";
import { chooseScores } from "./scores-shown.ts";

/** What is to be analysed. */
export interface AnalysisRequest {
  /** Folders of detectors. */
  readonly detectors: readonly string[];
  readonly data: readonly NamedLocation[];
  /** Where normal images are that no detector was trained on. Without them there is no AUROC. */
  readonly normal?: string | undefined;
  /** Folder for the page, the pictures and the numbers. */
  readonly out: string;
  /** Images of a set at most, chosen by the seed. */
  readonly limit: number;
  /** Names of scores to show; none for all. */
  readonly score: readonly string[];
  /** Whether images are coded, for the scores that need their sizes as files. */
  readonly coders: boolean;
  readonly seed: number;
  /** Whether an unreadable image ends the analysis instead of being skipped. */
  readonly strict: boolean;
  /** Whether a folder that has files in it may be written to. */
  readonly force: boolean;
  readonly engine: ProgramOptions;
  /** The commands, one a line, that the page gives for making it again. */
  readonly commands: readonly string[];
}

/** What an analysis found, and where it stands. */
export interface AnalysisReport {
  /** The page. */
  readonly page: string;
  /** Folders of the detectors by the names that they have in the analysis. */
  readonly detectors: Readonly<Record<string, string>>;
  /** Every two models; a model with itself has 1. */
  readonly rankCorrelations: readonly ModelPair[];
  readonly evaluations: readonly DetectorEvaluation[];
  /** What each picture shows, by file within the folder. */
  readonly figures: Readonly<Record<string, string>>;
}

/** The name under which the normal images are reported. */
const normalName = "normal";

const pageName = "index.html";
const numbersName = "analysis.json";

/**
 * Analyses detectors on data and writes the folder.
 *
 * @throws ConfigError for settings that cannot be met, before the first image is scored; RunError where engine or disk refuse; the signal's
 * reason where it calls the analysis off
 */
export async function analyze(request: AnalysisRequest, watch: Watch = {}): Promise<AnalysisReport> {
  const { detectors: folders, out, seed } = request;
  const sources = await openSources(request);
  const named = nameDetectors(folders);
  const scores = await chooseScores(folders, request.score, request.coders);
  await refuseFilled(out, request.force);

  const key = randomKey(seed);
  const detectors: AnalyzedDetector[] = [];
  for (const [index, { name, folder }] of named.entries()) {
    detectors.push(await analyzeDetector(name, folder, scores[index]!, sources, request, watch));
  }
  const count = `${detectors.length} ${detectors.length === 1 ? "detector" : "detectors"}`;
  watch.onEvent?.({ kind: "note", text: `drawing the pictures of ${count}` });
  // An evaluation's intervals have the same key, so that both give the same numbers.
  const bootstrap = key.fold("bootstrap");
  const rankCorrelations = correlateModels(detectors);
  const evaluations = detectors.flatMap((detector) => evaluateDetector(detector, bootstrap));
  const figures = await drawFigures(detectors, rankCorrelations, evaluations, {
    key,
    bootstrap,
    engine: request.engine,
    watch,
  });
  watch.onEvent?.({ kind: "settled" });

  const { commands } = request;
  const page = renderAnalysisPage(detectors, figures, evaluations, { commands, version: packageVersion() });
  const report: AnalysisReport = {
    page: join(out, pageName),
    detectors: Object.fromEntries(named.map(({ name, folder }) => [name, folder])),
    rankCorrelations,
    evaluations,
    figures: await writeFigures(out, Object.values(figures).flat()),
  };
  const numbers = { ...report, images: detectors.map(describeImages), seed };
  await writeFileAtomic(join(out, numbersName), `${JSON.stringify(numbers)}\n`);
  await writeFileAtomic(report.page, page);
  return report;
}

async function openSources({ data, normal, limit, seed }: AnalysisRequest): Promise<AnalysisSource[]> {
  if (data.length === 0) {
    throw new ConfigError({
      code: "missing-setting",
      subject: setting("data"),
      expected: "one set of images or more",
      got: "none",
    });
  }
  const taken = normal === undefined ? [] : [normalName];
  const twice = data.find(
    ({ name }, index) => taken.includes(name) || data.findIndex((set) => set.name === name) < index,
  );
  if (twice) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting("data"),
      expected: "a different name for every set",
      got: `'${twice.name}' again`,
      remedy: { key: "other", text: `name it, as in ${setting("data", "NAME=DATA")}` },
    });
  }
  const key = randomKey(seed).fold("images");
  const open = async (name: string, location: string, isNormal: boolean): Promise<AnalysisSource> => {
    const source = await openImages(
      location,
      setting(isNormal ? "normal" : "data"),
      isNormal ? { use: "comparison" } : {},
    );
    return { name, normal: isNormal, source: limitSource(source, limit, key.fold(name)) };
  };
  return Promise.all([
    ...(normal === undefined ? [] : [open(normalName, normal, true)]),
    ...data.map(({ name, location }) => open(name, location, false)),
  ]);
}

/**
 * Names detectors after their folders, with a number where two names, or the names of their files, are alike. Throws ConfigError for the
 * same folder twice.
 */
export function nameDetectors(folders: readonly string[]): { readonly name: string; readonly folder: string }[] {
  const paths = folders.map((folder) => resolve(folder));
  const twice = paths.findIndex((path, index) => paths.indexOf(path) < index);
  if (twice >= 0) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: "detectors",
      expected: "different ones",
      got: `'${folders[twice]}' twice`,
    });
  }
  const taken = new Set<string>();
  return folders.map((folder, index) => {
    const base = basename(paths[index]!);
    let name = base;
    for (let number = 2; taken.has(fileNamePart(name)); number++) name = `${base}-${number}`;
    taken.add(fileNamePart(name));
    return { name, folder };
  });
}

/** Throws ConfigError where a folder has files in it and may not be written to. Makes the folder. */
async function refuseFilled(folder: string, force: boolean): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw unusableFolder("unreadable", "a folder", `'${folder}': ${messageOf(error)}`);
  });
  if (names.length > 0 && !force) {
    throw unusableFolder("exists", "a new folder", `'${folder}' with files in it`, ` or give ${setting("force")}`);
  }
  await mkdir(join(folder, figureFolder), { recursive: true }).catch((error: unknown) => {
    throw unusableFolder("unwritable", "a folder that can be written", `'${folder}': ${messageOf(error)}`);
  });
}

function unusableFolder(
  code: "unreadable" | "exists" | "unwritable",
  expected: string,
  got: string,
  orElse = "",
): ConfigError {
  return new ConfigError({
    code,
    subject: setting("out"),
    expected,
    got,
    remedy: { key: "other", text: `choose another${orElse}` },
  });
}

async function analyzeDetector(
  name: string,
  folder: string,
  scores: readonly string[],
  sources: readonly AnalysisSource[],
  request: AnalysisRequest,
  watch: Watch,
): Promise<AnalyzedDetector> {
  const detector = await openDetector(folder, request.engine);
  try {
    const sets: AnalyzedSet[] = [];
    for (const source of sources) sets.push(await analyzeSet(detector, source, request, watch));
    return {
      name,
      folder,
      manifest: detector.manifest,
      flow: flowOf(detector.manifest.training, "normal"),
      scores,
      sets,
    };
  } finally {
    await detector.dispose();
  }
}

interface DrawingInput {
  readonly key: RandomKey;
  readonly bootstrap: RandomKey;
  readonly engine: ProgramOptions;
  readonly watch: Watch;
}

async function drawFigures(
  detectors: readonly AnalyzedDetector[],
  pairs: readonly ModelPair[],
  evaluations: readonly DetectorEvaluation[],
  { key, bootstrap, engine, watch: { signal, onEvent } }: DrawingInput,
): Promise<AnalysisFigures> {
  const onRow =
    (subject: string) =>
    (done: number, total: number): void => {
      signal?.throwIfAborted();
      onEvent?.({ kind: "progress", task: "drawing", subject, done, total });
    };
  const each = async (draw: (detector: AnalyzedDetector) => Promise<AnalysisFigure[]>): Promise<AnalysisFigure[]> => {
    const figures: AnalysisFigure[] = [];
    for (const detector of detectors) {
      signal?.throwIfAborted();
      figures.push(...(await draw(detector)));
    }
    return figures;
  };
  return {
    likelihoods: await likelihoodFigures(detectors),
    correlations: await correlationFigures(detectors, pairs),
    aurocs: await each((detector) => aurocFigures(detector, evaluations)),
    scores: await each((detector) => scoreFigures(detector, bootstrap)),
    scales: await each((detector) => scaleFigures(detector, bootstrap)),
    sorted: await each(sortedFigures),
    samples: await each((detector) =>
      sampleFigures(detector, key, engine, onRow(`rows of pixels from ${detector.name}`)),
    ),
    redrawn: await each((detector) => redrawnFigures(detector, key, engine)),
  };
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
