/** The choice among experts: simulated situations in which the truth is known, and hand-worked cases. */
import { describe, expect, test } from "vitest";
import { type RandomStream, randomKey } from "../../base/index.ts";
import { auroc } from "../judging/metrics.ts";
import {
  chooseExperts,
  type ExpertChoice,
  type ExpertTrial,
  joinScores,
  refitChoice,
  type TrialKind,
} from "./expert-choice.ts";

/** How scores of a set of experts come about. */
interface Situation {
  /** How far each expert's scores of real anomalies are raised, in deviations: [kinds of anomalies][experts]. */
  readonly real: readonly (readonly number[])[];
  /** The same for synthetic faults: [kinds][experts]. */
  readonly synthetic: readonly (readonly number[])[];
  /** The share of every expert's variance that all share. */
  readonly shared?: number;
  /** What an expert makes of its numbers: scores have any scale and form. */
  readonly forms?: readonly ((value: number) => number)[];
}

const plain = (value: number) => value;

/** Scores [experts] of one image. */
function draw({ shared = 0, forms }: Situation, raised: readonly number[], stream: RandomStream): number[] {
  const common = Math.sqrt(shared) * stream.normal();
  return raised.map((raise, index) =>
    (forms?.[index] ?? plain)(common + Math.sqrt(1 - shared) * stream.normal() + raise),
  );
}

function trialsOf(situation: Situation, count: number, faults: number, stream: RandomStream) {
  const experts = situation.real[0]!.map((_, index) => index);
  const none = experts.map(() => 0);
  const normals = Array.from({ length: count }, () => draw(situation, none, stream));
  const rows = situation.synthetic.flatMap((raised, kind) =>
    Array.from({ length: faults }, () => ({ kind: `kind ${kind}`, scores: draw(situation, raised, stream) })),
  );
  const columns = experts.map(
    (expert): ExpertTrial => ({
      name: `${expert}`,
      normals: normals.map((scores) => scores[expert]!),
      trials: rows.map(({ scores }) => scores[expert]!),
    }),
  );
  return { experts: columns, kinds: rows.map(({ kind }): TrialKind => ({ kind, family: "fault" })) };
}

function chooseBy({ experts, kinds }: ReturnType<typeof trialsOf>): ExpertChoice {
  return chooseExperts(experts, kinds);
}

/** The joined score of one image. */
function joinedOf(choice: ExpertChoice, scores: readonly number[]): number {
  return joinScores(choice, (name) => [scores[Number(name)]!]).values[0]!;
}

/** Mean AUROC over kinds of real anomalies: of the joined score, and of the best expert. */
function compare(situation: Situation, seed: number, count = 150, faults = 40): { joined: number; best: number } {
  const stream = randomKey("choice").fold(seed).stream();
  const choice = chooseBy(trialsOf(situation, count, faults, stream));
  const experts = situation.real[0]!.map((_, index) => index);
  const sample = (raised: readonly number[]) => Array.from({ length: 400 }, () => draw(situation, raised, stream));
  const normal = sample(experts.map(() => 0));
  const kinds = situation.real.map(sample);
  const areaOf = (scoreOf: (scores: readonly number[]) => number) =>
    kinds.reduce((sum, rows) => sum + auroc({ normal: normal.map(scoreOf), anomalous: rows.map(scoreOf) }), 0) /
    kinds.length;
  const best = Math.max(...experts.map((expert) => areaOf((scores) => scores[expert]!)));
  return { joined: areaOf((scores) => joinedOf(choice, scores)), best };
}

const same = (...raised: number[]) => ({ real: [raised], synthetic: [raised, raised, raised] });

const situations: readonly [string, Situation][] = [
  ["one good expert among useless ones", same(2, 0, 0, 0)],
  ["equally good ones", same(1, 1, 1)],
  ["equally good ones that say nearly the same", { ...same(1.2, 1.2, 1.2), shared: 0.9 }],
  ["a strong one among many copies of a weak one", { ...same(1.8, 0.6, 0.6, 0.6, 0.6), shared: 0.5 }],
  ["scores of any scale and form", { ...same(1.5, 0.3, 1), forms: [Math.exp, (x) => 1000 * x, (x) => x ** 3] }],
  ["one that heavy tails make loud", { ...same(1.5, 0), forms: [plain, (x) => Math.sinh(2 * x)] }],
  ["one whose scores go the wrong way", same(1.5, -1)],
  [
    "one that sees one kind each",
    {
      real: [
        [3, 0],
        [0, 3],
      ],
      synthetic: [
        [3, 0],
        [0, 3],
      ],
    },
  ],
  [
    "one that sees real faults only half as well as synthetic ones",
    {
      real: [[1.4, 0.8]],
      synthetic: [
        [1.6, 1.6],
        [1.6, 1.6],
      ],
    },
  ],
  [
    "synthetic faults that are harder than real ones",
    {
      real: [[2, 1.5, 0]],
      synthetic: [
        [0.8, 0.6, 0],
        [0.4, 0.3, 0],
      ],
    },
  ],
  ["nobody sees anything", same(0, 0, 0)],
];

describe("joined experts are at most 3 points below the best single one", () => {
  test.each(situations)("%s", (_, situation) => {
    const runs = Array.from({ length: 8 }, (_, seed) => compare(situation, seed));
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(runs.map(({ joined, best }) => joined - best))).toBeGreaterThan(-0.03);
  });

  test("with 40 normal images and few faults, too", () => {
    for (const [, situation] of situations.slice(0, 6)) {
      const runs = Array.from({ length: 8 }, (_, seed) => compare(situation, seed, 40, 10));
      const loss = runs.reduce((sum, { joined, best }) => sum + best - joined, 0) / runs.length;
      expect(loss).toBeLessThan(0.03);
    }
  });
});

describe("a choice", () => {
  const stream = randomKey("one").stream();
  const one = same(2, 0);
  const trials = trialsOf(one, 200, 60, stream);

  test("leaves out who sees nothing, and says how well the others do", () => {
    const { experts, families, count, trials: tried } = chooseBy(trials);
    expect(experts.map(({ heard }) => heard)).toEqual([true, false]);
    expect(experts[0]!.areas.fault).toBeCloseTo(0.92, 1);
    expect(families.fault!.joined).toBeCloseTo(families.fault!.best, 2);
    expect([count, tried]).toEqual([200, 180]);
  });

  test("of one expert keeps its order, and tells scores apart beyond all normal images", () => {
    const choice = chooseExperts(trials.experts.slice(0, 1), trials.kinds);
    const joined = [-5, -1, 0, 0.4, 1.03, 2.5, 4, 9, 1e6].map((score) => joinedOf(choice, [score]));
    expect([...joined].sort((a, b) => a - b)).toEqual(joined);
    expect(new Set(joined).size).toBe(joined.length);
    expect(joined.at(-1)).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(joinedOf(choice, [Number.POSITIVE_INFINITY])).toBe(Number.POSITIVE_INFINITY);
  });

  test("by hand: the worst is the largest, the sum adds up what each says, neither is silenced by the other", () => {
    const marginal = { quantiles: [-1, 1], scores: [-1, 1] };
    const experts = ["0", "1"].map((name) => ({ name, heard: true, areas: {}, marginal }));
    const choice = (rule: "worst" | "sum"): ExpertChoice => ({ rule, experts, families: {}, count: 9, trials: 9 });
    expect(joinedOf(choice("worst"), [3, -2])).toBe(3);
    // 1 - Phi(0) = 1/2 twice: sqrt(-2 log(1/4)).
    expect(joinedOf(choice("sum"), [0, 0])).toBeCloseTo(Math.sqrt(2 * Math.log(4)), 12);
    // 1 - Phi(3) = 0.00134990 and 1 - Phi(-2) = 0.97724987.
    expect(joinedOf(choice("sum"), [3, -2])).toBeCloseTo(
      Math.sqrt(-2 * Math.log(0.0013498980316 * 0.9772498680518)),
      9,
    );
    // log(1 - Phi(40)) = -804.608442.
    expect(joinedOf(choice("sum"), [40, -40])).toBeCloseTo(Math.sqrt(2 * 804.608442), 6);
    const mute = { ...choice("worst"), experts: [experts[0]!, { ...experts[1]!, heard: false }] };
    expect(joinedOf(mute, [1, 5])).toBe(1);
  });

  test("counts a family once, however many kinds it has", () => {
    const drawn = trialsOf(
      { real: [[0, 0]], synthetic: [...Array.from({ length: 6 }, () => [3, 0]), [0, 3]] },
      200,
      30,
      stream,
    );
    const kinds = drawn.kinds.map(({ kind }) => ({ kind, family: kind === "kind 6" ? "stranger" : "fault" }));
    const { experts, families } = chooseExperts(drawn.experts, kinds);
    expect(experts.map(({ heard }) => heard)).toEqual([true, true]);
    for (const { joined, best } of Object.values(families)) expect(joined).toBeGreaterThan(best - 0.03);
  });

  test("keeps who costs next to nothing, since others may come than those that were tried", () => {
    const { experts } = chooseBy(trialsOf({ ...same(4, 3.9), shared: 0.9 }, 200, 40, stream));
    expect(experts.map(({ heard }) => heard)).toEqual([true, true]);
  });

  test("says which expert spoke", () => {
    const choice = chooseBy(trialsOf(same(3, 3), 100, 40, stream));
    expect(choice.experts.every(({ heard }) => heard)).toBe(true);
    const { spokesmen } = joinScores(choice, (name) => (name === "0" ? [4, 0] : [0, 4]));
    expect([...spokesmen]).toEqual([0, 1]);
  });

  test("goes over to other normal images: who is heard stays, heights are new", () => {
    const choice = chooseBy(trials);
    const moved = refitChoice(
      choice,
      trials.experts.map(({ normals }) => Float64Array.from(normals, (score) => 10 * score + 500)),
    );
    expect(moved.experts.map(({ heard }) => heard)).toEqual(choice.experts.map(({ heard }) => heard));
    expect(joinedOf(moved, [520, 500])).toBeCloseTo(joinedOf(choice, [2, 0]), 9);
  });

  test("refuses experts that were tried on different images, or on none", () => {
    const other = { ...trials.experts[1]!, normals: [1, 2, 3] };
    const message = "tried on no images, or on different ones";
    expect(() => chooseExperts([trials.experts[0]!, other], trials.kinds)).toThrow(message);
    expect(() => chooseExperts(trials.experts, trials.kinds.slice(1))).toThrow(message);
    expect(() => chooseExperts([], [])).toThrow(message);
  });
});
