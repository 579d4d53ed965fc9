/** Scorings: started, listed, and their numbers as pages take them. */
import { dirname } from "node:path";
import { badRequest, conflict, type Described, describeRoutes, openApiDocument } from "../../service/index.ts";
import type { KnownDetector } from "../known/detectors.ts";
import { calibrationPlace, proposedSets } from "../looking/proposed-sets.ts";
import { evaluationSchema } from "../looking/score-evaluation.ts";
import { calibrationIdentity, readAbout, readEvaluation } from "../looking/scoring-files.ts";
import { readColumn, scoreOf } from "../looking/scorings.ts";
import { readJob } from "../runs/job-kinds.ts";
import type { Run } from "../runs/runs.ts";
import type { Handlers, StudioParts } from "./requests.ts";
import { describeRun } from "./run-handlers.ts";

type Names =
  | "detectorSets"
  | "scorings"
  | "score"
  | "scoring"
  | "scoringNames"
  | "scoringColumn"
  | "scoringReferences"
  | "serviceDescription";

/** Skipped images that a page is told by name. */
const mostSkipped = 50;

export const scoringHandlers: Pick<Handlers, Names> = {
  async detectorSets({ parts: { detector } }, { detectors, registry }) {
    const { manifest } = await detectors.manifest(detector!);
    return {
      heldOut: (await calibrationPlace(manifest)) !== undefined,
      sets: await proposedSets(manifest, registry),
    };
  },
  async scorings(_, parts) {
    const runs = parts.runs.list().filter(({ kind }) => kind === "score");
    const scorings = await Promise.all(
      runs.map(async (run) => {
        const job = await readJob(folderOf(parts, run.id), "score");
        const { id, name, state, created } = run;
        return { id, name, state, created, ...(await detectorOf(parts, run)).said, sets: job?.sets ?? [] };
      }),
    );
    return { scorings: scorings.sort((a, b) => b.created - a.created) };
  },
  async score({ body: { detector, sets, coders } }, parts) {
    const { path, manifest } = await parts.detectors.manifest(detector);
    const { name } = await parts.detectors.find(detector);
    if (manifest.role === "general") throw badRequest("detector", "one that has seen normal images", "a general model");
    const names = sets.map((set) => set.name);
    const twice = names.find((one, index) => names.indexOf(one) < index);
    if (twice !== undefined) throw badRequest("sets", "different names", `'${twice.slice(0, 60)}' again`);
    if (sets.some(({ location, kind }) => (location === null) !== (kind === "held-out"))) {
      throw badRequest("sets", "a location for every set but the held-out one", "another");
    }
    const run = await parts.runs.start({
      kind: "score",
      name: `Scores of ${name}`,
      out: path,
      command: null,
      request: { detector: path, sets, coders },
    });
    return describeRun(run, parts);
  },
  async scoring({ parts: { run: id } }, parts) {
    const run = findScoring(parts, id!);
    if (!(await readAbout(folderOf(parts, run.id)))) return null;
    const { about, sets, count } = await parts.scorings.read(run.id);
    const { known, said } = await detectorOf(parts, run);
    const manifest = known?.manifest;
    return {
      ...{ id: run.id, name: run.name, state: run.state, created: run.created, count, ...said },
      stale: manifest !== undefined && calibrationIdentity(manifest) !== about.calibration,
      defaultScore: about.defaultScore,
      scores: about.scores,
      sets: sets.map(({ place, name, kind, location, first, names, total, complete, skipped, skippedCount }) => {
        const skips = { skippedCount, skipped: skipped.slice(0, mostSkipped) };
        return { place, name, kind, location, first, count: names.length, total, complete, ...skips };
      }),
      evaluation: (await readEvaluation(folderOf(parts, run.id), evaluationSchema)) ?? null,
    };
  },
  async scoringNames({ parts: { run } }, parts) {
    const { sets } = await parts.scorings.read(findScoring(parts, run!).id);
    return {
      names: sets.flatMap(({ names }) => names),
      classNames: sets.flatMap(({ classNames }) => classNames),
    };
  },
  async scoringColumn({ parts: { run, score } }, parts) {
    const { id } = findScoring(parts, run!);
    const scoring = await parts.scorings.read(id);
    const column = await readColumn(folderOf(parts, id), scoring, scoreOf(scoring, score!));
    return new Response(column.buffer, { headers: { "content-type": "application/octet-stream" } });
  },
  async scoringReferences({ parts: { run, score } }, parts) {
    const { id } = findScoring(parts, run!);
    const scoring = await parts.scorings.read(id);
    const { name } = scoring.about.scores[scoreOf(scoring, score!)]!;
    return scoring.about.references[name] ?? { count: 0, scores: [] };
  },
  serviceDescription() {
    const document = openApiDocument();
    return { groups: describeRoutes(document as Described), document };
  },
};

/** The folder of a run. */
export function folderOf({ runs }: StudioParts, run: string): string {
  return dirname(runs.logOf(run));
}

/** The run of a scoring. Throws Refusal (404, or 409 for a run of another kind). */
export function findScoring({ runs }: StudioParts, id: string): Run {
  const run = runs.find(id);
  if (run.kind === "score") return run;
  throw conflict({ code: "other-model", subject: "run", expected: "one that scores", got: `one of kind ${run.kind}` });
}

/** The detector of a scoring, as far as it is known. */
export async function detectorOf(
  { detectors }: StudioParts,
  { out }: Run,
): Promise<{
  readonly known: KnownDetector | undefined;
  readonly said: { detector: string | null; detectorName: string };
}> {
  const id = await detectors.idOf(out);
  const known = id === undefined ? undefined : await detectors.find(id);
  return { known, said: { detector: id ?? null, detectorName: known?.name ?? out } };
}
