/**
 * Which experts to hear, decided without any anomaly: by held-out normal images and by trial images that nobody was trained on, synthetic faults and
 * strangers of several kinds.
 *
 *   z_e    an expert's score, brought to a standard normal on held-out normal images (`marginals.ts`), straight on beyond them
 *   worst  max_e z_e                           one voice is enough
 *   sum    sqrt(-2 sum_e log(1 - Phi(z_e)))    many weak voices add up, none is silenced by another (Fisher 1932)
 *
 *   regret of a joined score on a kind = AUROC of the best single expert there - its own, at least 0
 *   loss = mean over families of the root mean square of the regrets on their kinds
 *
 * Everybody is heard at first. As long as the loss falls by at least `worthwhile`, whoever costs most is left out; both rules are tried, `sum` is
 * taken unless `worst` loses less by as much. So an expert that sees what no trial shows stays as long as it costs little, and one that errs is left out. A family
 * counts once, however many kinds it has. Regret, and not the mean AUROC, because the kinds of anomalies to come are not those of the trials: what
 * counts is not to be far below whoever is best.
 */
import { internalError } from "../../base/index.ts";
import { auroc } from "../judging/metrics.ts";
import { fitMarginal, type Marginal, normalScore } from "../statistics/marginals.ts";
import { normalTails } from "../statistics/special-functions.ts";

/** What is known of one expert. Higher scores = more anomalous. */
export interface ExpertTrial {
  readonly name: string;
  /** Scores of normal images while they were held out, the same images in the same order for all experts. */
  readonly normals: ArrayLike<number>;
  /** Scores of the trial images, the same in the same order for all experts. */
  readonly trials: ArrayLike<number>;
}

/** What a trial image is: one of a kind, which belongs to a family such as `fault` or `stranger`. */
export interface TrialKind {
  readonly kind: string;
  readonly family: string;
}

/** How scores are joined. */
export type JointRule = "worst" | "sum";

/** What was chosen, as plain data. */
export interface ExpertChoice {
  readonly rule: JointRule;
  readonly experts: readonly ChosenExpert[];
  /** Mean AUROC over the kinds of a family: of the joined score, and of whoever is best on each. */
  readonly families: Readonly<Record<string, { readonly joined: number; readonly best: number }>>;
  /** Normal images and trial images that it rests on. */
  readonly count: number;
  readonly trials: number;
}

/** One expert's part in a choice. */
export interface ChosenExpert {
  readonly name: string;
  readonly heard: boolean;
  /** Mean AUROC over the kinds of every family. */
  readonly areas: Readonly<Record<string, number>>;
  /** What makes its score standard normal. */
  readonly marginal: Marginal;
}

/** How much the loss must fall for an expert to be left out, and for another rule. */
const worthwhile = 0.003;

/** Normal images that trials are compared with: more cost time and say little more. */
const mostNormals = 500;

/** Chooses among experts. Throws an internal error for experts that were tried on different images, or on none. */
export function chooseExperts(experts: readonly ExpertTrial[], trials: readonly TrialKind[]): ExpertChoice {
  checkTrials(experts, trials);
  const marginals = experts.map(({ normals }) => marginalOf(normals));
  const step = Math.max(1, Math.ceil(experts[0]!.normals.length / mostNormals));
  const normals = experts.map((expert, index) =>
    Float64Array.from(every(expert.normals, step), (score) => normalScore(marginals[index]!, score)),
  );
  const heights = experts.map((expert, index) =>
    Float64Array.from(expert.trials, (score) => normalScore(marginals[index]!, score)),
  );
  const kinds = kindsOf(trials);
  const areasOf = (scoreOf: (columns: readonly Float64Array[]) => Float64Array): readonly number[] => {
    const [normal, anomalous] = [scoreOf(normals), scoreOf(heights)];
    return kinds.map(({ images }) =>
      auroc({ normal, anomalous: Float64Array.from(images, (image) => anomalous[image]!) }),
    );
  };
  const single = experts.map((_, expert) => areasOf((columns) => columns[expert]!));
  const best = kinds.map((_, kind) => Math.max(...single.map((areas) => areas[kind]!)));
  const familyMeans = (values: readonly number[]) =>
    Object.fromEntries(
      [...new Set(kinds.map(({ family }) => family))].map((family) => [
        family,
        mean(values.filter((_, kind) => kinds[kind]!.family === family)),
      ]),
    );
  const candidateOf = (rule: JointRule, heard: readonly number[]) => {
    const areas = areasOf((columns) =>
      joinColumns(
        rule,
        heard.map((expert) => columns[expert]!),
      ),
    );
    const squares = familyMeans(areas.map((area, kind) => Math.max(0, best[kind]! - area) ** 2));
    return { rule, heard, areas, loss: mean(Object.values(squares).map(Math.sqrt)) };
  };
  const chosen = (["sum", "worst"] as const)
    .map((rule) => {
      let current = candidateOf(rule, [...experts.keys()]);
      while (current.heard.length > 1) {
        const { heard, loss } = current;
        const fewer = heard.map((out) =>
          candidateOf(
            rule,
            heard.filter((expert) => expert !== out),
          ),
        );
        const least = fewer.reduce((top, other) => (other.loss < top.loss ? other : top));
        if (least.loss > loss - worthwhile) break;
        current = least;
      }
      return current;
    })
    .reduce((sum, worst) => (worst.loss < sum.loss - worthwhile ? worst : sum));
  const [joinedMeans, bestMeans] = [familyMeans(chosen.areas), familyMeans(best)];
  return {
    rule: chosen.rule,
    experts: experts.map(({ name }, expert) => ({
      name,
      heard: chosen.heard.includes(expert),
      areas: familyMeans(single[expert]!),
      marginal: marginals[expert]!,
    })),
    families: Object.fromEntries(
      Object.entries(joinedMeans).map(([family, joined]) => [family, { joined, best: bestMeans[family]! }]),
    ),
    count: experts[0]!.normals.length,
    trials: trials.length,
  };
}

/** The same choice with other normal images: who is heard stays, what makes scores standard normal is fitted anew. `normals` is in its order. */
export function refitChoice(choice: ExpertChoice, normals: readonly ArrayLike<number>[]): ExpertChoice {
  const experts = choice.experts.map((expert, index) => ({ ...expert, marginal: marginalOf(normals[index]!) }));
  return { ...choice, experts, count: normals[0]!.length };
}

/** Many images' joined score, and who raised each most. */
export interface JoinedScores {
  /** About standard deviations of normal images. */
  readonly values: Float64Array;
  /** The position among the experts of the one that stands out most among those that are heard, by image. */
  readonly spokesmen: Uint8Array;
}

/** Joins the scores of those experts that are heard, in the order of the choice. */
export function joinScores(
  { rule, experts }: ExpertChoice,
  scoresOf: (name: string) => ArrayLike<number>,
): JoinedScores {
  const heard = experts.flatMap(({ heard }, expert) => (heard ? [expert] : []));
  const columns = heard.map((expert) => {
    const { name, marginal } = experts[expert]!;
    return Float64Array.from(scoresOf(name), (score) => normalScore(marginal, score));
  });
  const values = joinColumns(rule, columns);
  const spokesmen = Uint8Array.from(values, (_, image) => {
    const loudest = columns.reduce((top, column, index) => (column[image]! > columns[top]![image]! ? index : top), 0);
    return heard[loudest]!;
  });
  return { values, spokesmen };
}

function joinColumns(rule: JointRule, columns: readonly Float64Array[]): Float64Array {
  const [first] = columns;
  if (first === undefined) throw internalError("nobody is heard");
  if (rule === "worst") return first.map((_, image) => Math.max(...columns.map((column) => column[image]!)));
  return first.map((_, image) => Math.sqrt(2 * columns.reduce((sum, column) => sum + surprise(column[image]!), 0)));
}

/** -log(1 - Phi(z)): 0.69 in the middle, about z^2 / 2 far above it. */
function surprise(z: number): number {
  if (z <= 0) return -Math.log1p(-normalTails(-z) / 2);
  if (z < 30) return -Math.log(normalTails(z) / 2);
  return (z * z) / 2 + Math.log(z * Math.sqrt(2 * Math.PI)) - Math.log1p(-1 / (z * z));
}

/** Infinite scores say nothing of the others' spread. */
function marginalOf(scores: ArrayLike<number>): Marginal {
  const finite = Float64Array.from(scores).filter(Number.isFinite);
  const largest = finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return fitMarginal(finite, Math.max(1e-9, 1e-9 * largest));
}

interface GatheredKind extends TrialKind {
  readonly images: readonly number[];
}

function kindsOf(trials: readonly TrialKind[]): readonly GatheredKind[] {
  const kinds = new Map<string, { kind: string; family: string; images: number[] }>();
  for (const [image, { kind, family }] of trials.entries()) {
    const known = kinds.get(kind);
    if (known) known.images.push(image);
    else kinds.set(kind, { kind, family, images: [image] });
  }
  return [...kinds.values()];
}

function checkTrials(experts: readonly ExpertTrial[], trials: readonly TrialKind[]): void {
  const [first] = experts;
  const alike = experts.every(
    (expert) => expert.normals.length === first!.normals.length && expert.trials.length === trials.length,
  );
  if (!first || first.normals.length < 2 || trials.length === 0 || !alike) {
    throw internalError("experts that were tried on no images, or on different ones");
  }
}

function every(values: ArrayLike<number>, step: number): Float64Array {
  return Float64Array.from({ length: Math.ceil(values.length / step) }, (_, index) => values[index * step]!);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
