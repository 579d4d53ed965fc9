/** The choice among experts: simulated situations in which the truth is known, and its calibration. */
import { describe, expect, test } from "vitest";
import { type RandomStream, randomKey } from "../base/index.ts";
import { chooseExperts, type ExpertTrial, joinScores } from "./expert-choice.ts";
import { auroc } from "./metrics.ts";

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

function trialsOf(situation: Situation, count: number, faults: number, stream: RandomStream): ExpertTrial[] {
  const experts = situation.real[0]!.map((_, index) => index);
  const none = experts.map(() => 0);
  const normals = Array.from({ length: count }, () => draw(situation, none, stream));
  const byKind = situation.synthetic.map((raised) =>
    Array.from({ length: faults }, () => draw(situation, raised, stream)),
  );
  return experts.map((expert) => ({
    name: `expert ${expert}`,
    normals: normals.map((scores) => scores[expert]!),
    faults: Object.fromEntries(byKind.map((rows, kind) => [`kind ${kind}`, rows.map((scores) => scores[expert]!)])),
  }));
}

/** Mean AUROC over kinds of real anomalies: of the joined score, and of the best expert. */
function compare(
  situation: Situation,
  seed: number,
  count = 150,
  faults = 40,
): { joined: number; best: number; rule: string } {
  const stream = randomKey("choice").fold(seed).stream();
  const choice = chooseExperts(trialsOf(situation, count, faults, stream));
  const experts = situation.real[0]!.map((_, index) => index);
  const sample = (raised: readonly number[]) => Array.from({ length: 400 }, () => draw(situation, raised, stream));
  const normal = sample(experts.map(() => 0));
  const kinds = situation.real.map(sample);
  const areaOf = (scoreOf: (scores: readonly number[]) => number) =>
    kinds.reduce((sum, rows) => sum + auroc({ normal: normal.map(scoreOf), anomalous: rows.map(scoreOf) }), 0) /
    kinds.length;
  const best = Math.max(...experts.map((expert) => areaOf((scores) => scores[expert]!)));
  return { joined: areaOf((scores) => joinScores(choice, scores).score), best, rule: choice.rule };
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
    const runs = Array.from({ length: 12 }, (_, seed) => compare(situation, seed));
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(runs.map(({ joined, best }) => joined - best))).toBeGreaterThan(-0.03);
  });

  test("with 40 normal images and few faults, too", () => {
    for (const [, situation] of situations.slice(0, 6)) {
      const runs = Array.from({ length: 12 }, (_, seed) => compare(situation, seed, 40, 10));
      const loss = runs.reduce((sum, { joined, best }) => sum + best - joined, 0) / runs.length;
      expect(loss).toBeLessThan(0.03);
    }
  });
});

describe("a choice", () => {
  const stream = randomKey("one").stream();
  const trials = trialsOf(
    {
      real: [[2, 0]],
      synthetic: [
        [2, 0],
        [2, 0],
      ],
    },
    200,
    60,
    stream,
  );

  test("hears who sees faults, and says how well", () => {
    const { experts, auroc: joined } = chooseExperts(trials);
    expect(experts.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(experts[0]!.weight).toBeGreaterThan(0.9);
    expect(experts[0]!.auroc).toBeCloseTo(0.92, 1);
    expect(experts[0]!.separation).toBeGreaterThan(1.4);
    expect(joined).toBeGreaterThan(experts[0]!.auroc - 0.02);
  });

  test("of one expert is that expert: ranks, AUROC and p-values", () => {
    const choice = chooseExperts(trials.slice(0, 1));
    const { normals } = trials[0]!;
    const sorted = Float64Array.from(normals).sort();
    expect(choice.experts[0]!.weight).toBe(1);
    const scores = [-5, sorted[0]!, sorted[100]!, 1.03, sorted[199]!, 4, 9];
    const joined = scores.map((score) => joinScores(choice, [score]));
    for (const [index, { pValue }] of joined.entries()) {
      const asHigh = Array.from(normals).filter((other) => other >= scores[index]!).length;
      expect(pValue).toBeCloseTo((1 + asHigh) / 201, 12);
    }
    const order = joined.map(({ score }) => score);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    expect(new Set(order).size).toBe(order.length);
  });

  test("doubts an expert whose faults stand out in one fold alone", () => {
    const numbers = (values: ArrayLike<number>) => Array.from(values, (_, index) => index % 4);
    const faultFolds = Object.fromEntries(Object.entries(trials[0]!.faults).map(([kind, of]) => [kind, numbers(of)]));
    const folds = { normals: numbers(trials[0]!.normals), faults: faultFolds };
    const unsteady: ExpertTrial = {
      name: "unsteady",
      normals: trials[1]!.normals,
      faults: Object.fromEntries(
        Object.entries(trials[1]!.faults).map(([kind, of]) => [
          kind,
          Array.from(of, (score, i) => (i % 4 === 0 ? score + 9 : score)),
        ]),
      ),
    };
    const [steady, other] = chooseExperts([trials[0]!, unsteady], folds).experts;
    const [, trusted] = chooseExperts([trials[0]!, unsteady]).experts;
    expect(other!.separation).toBeLessThan(trusted!.separation - 0.3);
    expect(other!.weight).toBeLessThan(steady!.weight / 3);
  });

  test("says which expert spoke", () => {
    const choice = chooseExperts(
      trialsOf(
        {
          real: [[3, 3]],
          synthetic: [
            [3, 3],
            [3, 3],
          ],
        },
        100,
        40,
        stream,
      ),
    );
    expect(choice.experts.every(({ weight }) => weight > 0.2)).toBe(true);
    expect(joinScores(choice, [4, 0]).spokesman).toBe(0);
    expect(joinScores(choice, [0, 4]).spokesman).toBe(1);
  });

  test("refuses experts that were tried on different images", () => {
    const other = { ...trials[1]!, normals: [1, 2, 3] };
    expect(() => chooseExperts([trials[0]!, other])).toThrow("tried on no images, or on different ones");
    expect(() => joinScores(chooseExperts(trials), [1])).toThrow("1 scores of 2 experts");
  });
});

test("the joined p-value raises as many false alarms as it says", () => {
  const situation = { ...same(1, 0.6, 0), shared: 0.3 };
  const none = [0, 0, 0];
  let alarms = 0;
  const [repeats, images] = [60, 50];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const stream = randomKey("alarms").fold(repeat).stream();
    const choice = chooseExperts(trialsOf(situation, 60, 20, stream));
    for (let image = 0; image < images; image++) {
      if (joinScores(choice, draw(situation, none, stream)).pValue <= 0.1) alarms++;
    }
  }
  // 6 of 61 on average, and a standard error of 0.005 between repeats.
  expect(alarms / (repeats * images)).toBeGreaterThan(0.08);
  expect(alarms / (repeats * images)).toBeLessThan(0.12);
});
