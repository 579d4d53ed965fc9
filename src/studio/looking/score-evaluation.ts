/** How well the scores of a scoring tell its anomalous sets from the normal ones, with intervals, as `outglow evaluate` measures it. */
import { z } from "zod";
import { randomKey } from "../../base/index.ts";
import { compareAuroc, describeComparison, evaluateScores, type ScoreSets } from "../../score/index.ts";
import type { Watch } from "../../workflow/index.ts";
import { listSets, readAbout, readNumbers, readSet, type ScoredSetFile, writeEvaluation } from "./scoring-files.ts";

const intervalSchema = z.strictObject({ low: z.number(), high: z.number() });

/** An evaluation as it is kept and shown. */
export const evaluationSchema = z.strictObject({
  version: z.literal(1),
  /** The names of the sets that normal images are of. */
  normal: z.array(z.string()),
  rows: z.array(
    z.strictObject({
      score: z.string(),
      set: z.string(),
      normalCount: z.number(),
      anomalousCount: z.number(),
      auroc: z.number(),
      /** 95 % bootstrap interval. */
      interval: intervalSchema,
      averagePrecision: z.number(),
      /** Whether it differs from the default score beyond chance, in a sentence; null for the default score itself. */
      comparison: z.string().nullable(),
      verdict: z.enum(["first", "second", "noise"]).nullable(),
    }),
  ),
});

export type SetsEvaluation = z.output<typeof evaluationSchema>;

interface OpenedSet {
  readonly index: number;
  readonly file: ScoredSetFile;
}

/**
 * Evaluates every score on every anomalous set and writes it; nothing without normal or anomalous sets. Images of the calibration stand for normal ones only
 * where there are no others: fits have seen them. Throws the watch's reason.
 */
export async function evaluateSets(run: string, { signal, onEvent }: Watch): Promise<void> {
  const about = await readAbout(run);
  const sets: OpenedSet[] = [];
  for (const index of await listSets(run)) {
    const file = await readSet(run, index);
    if (file?.complete && file.names.length > 0) sets.push({ index, file });
  }
  const ofKind = (kind: ScoredSetFile["kind"]): OpenedSet[] => sets.filter((set) => set.file.kind === kind);
  const normals = ofKind("normal").length > 0 ? ofKind("normal") : ofKind("held-out");
  const anomalous = ofKind("anomalous");
  if (!about || normals.length === 0 || anomalous.length === 0) return;
  const column = async ({ index, file }: OpenedSet, score: number): Promise<Float64Array> => {
    const size = 8 * file.names.length;
    return new Float64Array((await readNumbers(run, index, "scores", { offset: score * size, size })).buffer);
  };
  const pairsOf = async (score: number): Promise<ScoreSets[]> => {
    const parts = await Promise.all(normals.map((set) => column(set, score)));
    const normal = Float64Array.from(parts.flatMap((part) => Array.from(part)));
    return Promise.all(anomalous.map(async (set) => ({ normal, anomalous: await column(set, score) })));
  };
  const names = about.scores.map(({ name }) => name);
  const first = names.indexOf(about.defaultScore);
  const defaults = first < 0 ? undefined : await pairsOf(first);
  const key = randomKey(0).fold("bootstrap");
  const rows: SetsEvaluation["rows"] = [];
  for (const [place, score] of names.entries()) {
    const pairs = await pairsOf(place);
    for (const [position, { file }] of anomalous.entries()) {
      signal?.throwIfAborted();
      const { aurocInterval, auroc, averagePrecision, normalCount, anomalousCount } = evaluateScores(
        { score, set: file.name },
        pairs[position]!,
        key,
      );
      const comparison = defaults && place !== first ? compareAuroc(defaults[position]!, pairs[position]!) : undefined;
      rows.push({
        ...{ score, set: file.name, normalCount, anomalousCount, auroc, interval: aurocInterval, averagePrecision },
        comparison: comparison ? describeComparison(comparison, { first: about.defaultScore, second: score }) : null,
        verdict: comparison?.verdict ?? null,
      });
    }
    onEvent?.({ kind: "progress", task: "measuring", subject: "scores", done: place + 1, total: names.length });
  }
  await writeEvaluation(run, { version: 1, normal: normals.map(({ file }) => file.name), rows });
}
