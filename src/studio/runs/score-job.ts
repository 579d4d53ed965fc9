/** Scoring as the work of a run: set after set under one detector, each kept as soon as it is done; at last how well scores tell sets apart. */
import { isUserError, messageOf, setting } from "../../base/index.ts";
import {
  contentHashes,
  type HashedSet,
  type ImageSource,
  openImages,
  overlapsOf,
  type PreparationProblem,
} from "../../data/index.ts";
import { type Detector, measuredFor } from "../../detector/index.ts";
import {
  computableScoreNames,
  computeScore,
  joinModelTerms,
  type ModelTerms,
  referenceCount,
  termWidth,
  unitOf,
} from "../../score/index.ts";
import { calibrationSource, openDetector, type ScoredBatch, scoreSource, type Watch } from "../../workflow/index.ts";
import { type ScoringRequest, useOf } from "../looking/looking-requests.ts";
import { printsOf } from "../looking/prints.ts";
import { evaluateSets } from "../looking/score-evaluation.ts";
import {
  calibrationIdentity,
  listSets,
  printSide,
  readAbout,
  readSet,
  writeAbout,
  writeSet,
} from "../looking/scoring-files.ts";
import type { Work } from "./job-kinds.ts";
import { runTeller } from "./train-job.ts";

/** Skipped images that are kept by name. */
const mostProblems = 1000;

type WantedSet = ScoringRequest["sets"][number];

/** Scores, or goes on behind the sets that are complete. What was scored when it is stopped is kept. */
export const scoreJob: Work<ScoringRequest> = async (
  { detector: folder, sets, coders },
  { folder: run, tell, signal },
) => {
  tell({ kind: "stage", text: "loading the detector" });
  const detector = await openDetector(folder);
  try {
    const watch: Watch = { signal, onEvent: runTeller(tell) };
    const done = new Set<number>();
    // Scores of one calibration do not compare with those of another.
    const same = (await readAbout(run))?.calibration === calibrationIdentity(detector.manifest);
    for (const index of same ? await listSets(run) : []) if ((await readSet(run, index))?.complete) done.add(index);
    const hashed: HashedSet[] = [];
    for (const [index, set] of sets.entries()) {
      if (signal.aborted) return "paused";
      if (done.has(index)) continue;
      tell({ kind: "stage", text: `scoring ${set.name}` });
      const hashes = await scoreSet(detector, set, { run, index, coders }, watch).catch((error: unknown) => {
        // Other sets are worth it without the images of a calibration that are not where they were.
        if (set.location !== null || !isUserError(error)) throw error;
        tell({ kind: "warning", text: `${set.name} is left out: ${messageOf(error)}` });
        return [];
      });
      if (signal.aborted) return "paused";
      hashed.push({ name: set.name, hashes });
    }
    for (const {
      sets: [one, other],
      count,
    } of overlapsOf(hashed)) {
      tell({ kind: "warning", text: `${count} images of '${other}' are in '${one}' as well, pixel by pixel` });
    }
    tell({ kind: "stage", text: "comparing scores" });
    await evaluateSets(run, watch);
    return "finished";
  } catch (error) {
    if (signal.aborted) return "paused";
    throw error;
  } finally {
    await detector.dispose();
  }
};

interface Place {
  readonly run: string;
  readonly index: number;
  readonly coders: boolean;
}

/** Scores a set and writes it, or as much of it as there was time for. */
async function scoreSet(
  detector: Detector,
  { name, kind, location }: WantedSet,
  { run, index, coders }: Place,
  watch: Watch,
): Promise<string[]> {
  const { manifest } = detector;
  const { source, places }: { readonly source: ImageSource; readonly places?: readonly number[] } =
    location === null
      ? await calibrationSource(detector, watch)
      : { source: await openImages(location, setting("images"), { use: useOf(kind) }) };
  const batches: Omit<ScoredBatch, "pixels">[] = [];
  const prints: Uint8Array[] = [];
  const hashes: string[] = [];
  const problems: PreparationProblem[] = [];
  const onProblem = (problem: PreparationProblem): void => void problems.push(problem);
  const measured = measuredFor(manifest, [manifest.defaultScore]);
  try {
    const options = { strict: false, coders: coders && [1, 3].includes(manifest.input.channels), measured, onProblem };
    for await (const { pixels, ...batch } of scoreSource(detector, source, options, watch)) {
      const { maps: _, ...kept } = batch;
      batches.push(kept);
      prints.push(printsOf(pixels, manifest.input, printSide));
      hashes.push(...contentHashes(pixels, batch.names.length));
    }
  } catch (error) {
    // What was scored is kept.
    if (!watch.signal?.aborted) throw error;
  }
  if (batches.length === 0) return hashes;
  if (problems.length > 0) watch.onEvent?.({ kind: "skipped", subject: name, problems });
  const terms = joinModelTerms(batches.map((batch) => batch.terms));
  const names = computableScoreNames(terms, manifest.calibration).filter((score) =>
    Object.hasOwn(manifest.calibration.scores, score),
  );
  await writeAbout(run, {
    version: 1,
    detector: detector.location,
    calibration: calibrationIdentity(manifest),
    scores: names.map((score) => ({ name: score, unit: unitOf(score) })),
    defaultScore: manifest.defaultScore,
    scales: terms.normal.scales,
    general: terms.general !== undefined,
    dimensions: terms.dimensions,
    references: Object.fromEntries(
      names.map((score) => {
        const count = referenceCount(manifest.calibration, score);
        return [score, { count, scores: [...(manifest.calibration.scores[score] ?? [])] }];
      }),
    ),
  });
  const count = terms.normal.count;
  const scores = new Float64Array(names.length * count);
  for (const [column, score] of names.entries()) {
    scores.set(computeScore(score, terms, manifest.calibration).values, column * count);
  }
  await writeSet(
    run,
    index,
    {
      ...{ version: 1, name, kind, location: source.location, total: source.length },
      complete: !watch.signal?.aborted,
      names: batches.flatMap((batch) => batch.names),
      indices: batches.flatMap((batch) => batch.indices.map((image) => places?.[image] ?? image)),
      classNames: batches.flatMap((batch) => batch.classNames.map((className) => className ?? null)),
      skipped: problems.slice(0, mostProblems),
      skippedCount: problems.length,
    },
    { scores, terms: interleaved(terms), prints: Buffer.concat(prints) },
  );
  return hashes;
}

/** The terms of the normal model and of the general one, image by image. */
function interleaved({ normal, general }: ModelTerms): Float32Array {
  const tables = general ? [normal, general] : [normal];
  const width = termWidth(normal);
  const values = new Float32Array(normal.count * tables.length * width);
  for (let image = 0; image < normal.count; image++) {
    for (const [model, table] of tables.entries()) {
      const row = table.values.subarray(image * width, (image + 1) * width);
      values.set(row, (image * tables.length + model) * width);
    }
  }
  return values;
}
