/** Every score there is, whether a detector has it, what it needs and costs, whose it is, and how well it did. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { loadManifest, type Manifest, namedSources, neededSources } from "../../detector/index.ts";
import {
  describeScoreSource,
  isOnDemand,
  type ScoreDefinition,
  type ScoreSource,
  scoreDefinitions,
  scoreSources,
} from "../../score/index.ts";
import { refuseGeneral } from "./scoring.ts";

/** A score as it is listed. */
export interface ListedScore {
  readonly name: string;
  readonly default: boolean;
  /** Whether it is measured only where it is asked for by name. */
  readonly onDemand: boolean;
  /** Whether it has p-values here; null where the detector lacks what it needs. */
  readonly calibrated: boolean | null;
  readonly needs: readonly string[];
  readonly training: string;
  readonly scoring: string;
  readonly paper: string;
  readonly description: string;
  /** By set, of the latest evaluation. */
  readonly auroc: Readonly<Record<string, number>>;
}

/** Of `evaluation-N.json`, what is listed. */
const evaluationSchema = z.object({
  evaluations: z.array(z.object({ score: z.string(), set: z.string(), auroc: z.number() })),
});

/** All scores, and the file of the evaluation that their AUROC is from. */
export interface ScoreList {
  readonly evaluation: string | null;
  readonly scores: readonly ListedScore[];
}

/** Lists the scores of the detector in a folder, those that it lacks among them. Throws as `loadManifest`, ConfigError for a general model. */
export async function listScores(folder: string): Promise<ScoreList> {
  const manifest = await loadManifest(folder);
  refuseGeneral(folder, manifest);
  const latest = await latestEvaluation(folder);
  const scores = scoreDefinitions(manifest.training.model.scales, scoreSources).map((definition) =>
    describeScore(definition, manifest, latest?.evaluations ?? []),
  );
  return { evaluation: latest?.file ?? null, scores };
}

function describeScore(
  { name, needs, paper, description, fit }: ScoreDefinition,
  manifest: Manifest,
  evaluations: z.infer<typeof evaluationSchema>["evaluations"],
): ListedScore {
  const available = new Set<ScoreSource>([...namedSources(manifest), "ensemble"]);
  const choice = manifest.calibration.fits[name];
  const heard = choice?.kind === "joined" ? choice.experts.filter((expert) => expert.heard) : [];
  const sources = (choice?.kind === "joined" ? neededSources(manifest, name) : needs).map(describeScoreSource);
  const costs = (which: "training" | "scoring"): string => sources.map(({ cost }) => cost[which]).join(", ") || "none";
  return {
    name,
    default: name === manifest.defaultScore,
    onDemand: needs.some(isOnDemand),
    calibrated: needs.every((source) => available.has(source))
      ? Object.hasOwn(manifest.calibration.scores, name)
      : null,
    needs: [...sources.map(({ title }) => title), ...(fit ? ["a fit on normal images"] : [])],
    training: costs("training"),
    scoring: costs("scoring"),
    paper,
    description: heard.length === 0 ? description : `${description}: ${heard.map((one) => one.name).join(", ")}`,
    auroc: Object.fromEntries(evaluations.filter(({ score }) => score === name).map(({ set, auroc }) => [set, auroc])),
  };
}

/** The evaluation with the highest number in a detector's folder; undefined where none is there or readable. */
async function latestEvaluation(folder: string) {
  const numbers = (await readdir(folder)).flatMap((name) => /^evaluation-(\d+)\.json$/.exec(name)?.[1] ?? []);
  const latest = numbers.map(Number).sort((a, b) => b - a)[0];
  if (latest === undefined) return undefined;
  const file = join(folder, `evaluation-${latest}.json`);
  try {
    const { evaluations } = evaluationSchema.parse(JSON.parse(await readFile(file, "utf8")));
    return { file, evaluations };
  } catch {
    return undefined;
  }
}
