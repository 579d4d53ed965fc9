/** Every score that a graph can hold, beside the formula that the detector uses, infinities and far tails included. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tolerances } from "../../test/reference/tolerances.ts";
import { ConfigError, freeBatch, randomKey } from "../base/index.ts";
import { input, makeGraph, type Value } from "../graph/index.ts";
import { type Buffer, nodeEngine, type Program } from "../runtime/index.ts";
import { likelyEverything } from "../score/definitions/example-terms.ts";
import {
  type Calibration,
  calibrate,
  computeScore,
  type ExpertChoice,
  type ModelTerms,
  scoreNames,
  sourcesOf,
} from "../score/index.ts";
import { reasonAgainst, type ScoringParts, scoreGraph } from "./score-graphs.ts";
import type { SaidValues } from "./values.ts";

const scales = 2;
const stream = randomKey("score graphs").stream();
const shape = { channels: 3, height: 5, width: 6 };
const size = 90;
/** Images in colour, so that every channel has some before it. */
const inColour = (count: number): Required<ModelTerms> => ({
  ...likelyEverything(count, scales, stream),
  pixels: { shape, values: Uint8Array.from({ length: size * count }, () => 100 + stream.integer(50)) },
});
const heldOut = inColour(120);
const images = withOddities(inColour(30));
const sources = [...sourcesOf(heldOut)];

/** Images whose terms are far out, infinite and no numbers, and one without any contrast. */
function withOddities(terms: Required<ModelTerms>): Required<ModelTerms> {
  const { values } = terms.normal;
  values.set([1e7, -1e7, 3e6, 5e5], 0);
  values.set([-1e6, 2e4, 7e3, -9e3], 4);
  values[8] = Number.NaN;
  values[13] = Number.POSITIVE_INFINITY;
  values[18] = Number.NEGATIVE_INFINITY;
  terms.classifier.values.set([90, -90, 0, 30, 30, -5], 0);
  terms.pixels.values.fill(117, size * 5, size * 6);
  return terms;
}

/** A choice that hears five scores, which trials need not have made. */
function choiceOf(rule: ExpertChoice["rule"], calibration: Calibration): Calibration {
  const names = ["hierarchy", "final-scale", "ratio", "whitening", "msp"];
  const experts = names.map((name) => {
    const reference = calibration.scores[name]!;
    const at = (share: number): number => reference[Math.floor(share * (reference.length - 1))]!;
    const quantiles = [at(0.1), at(0.3), at(0.5), at(0.7), at(0.9)];
    return { name, heard: true, areas: {}, marginal: { quantiles, scores: [-1.28, -0.52, 0, 0.52, 1.28] } };
  });
  const choice = { kind: "joined", rule, experts, families: {}, count: 20, trials: 0 } as const;
  return { ...calibration, fits: { ...calibration.fits, joined: choice } };
}

const calibration = calibrate(heldOut, randomKey("halves"));
const partsOf = (own: Calibration): ScoringParts => ({ scales, sources, calibration: own });
const sum = choiceOf("sum", calibration);
const worst = choiceOf("worst", calibration);
const names = scoreNames(scales, sources).filter((name) => reasonAgainst(name, partsOf(sum)) === undefined);

let program: Program;
let outputs: Record<string, Buffer>;

beforeAll(async () => {
  const graph = makeGraph();
  const rows = (name: string, ...shape: number[]): Value => input(graph, name, [freeBatch, ...shape]);
  const said: SaidValues = {
    images: input(graph, "images", [freeBatch, 3, 5, 6], "uint8"),
    terms: { normal: rows("normal", scales, 2), general: rows("general", scales, 2), local: rows("local", 1, 2) },
    classes: rows("classes", 3),
    logits: rows("logits", 3),
    latents: [],
  };
  program = await nodeEngine({ threads: 1 }).compile({
    ...Object.fromEntries(names.map((name) => [name, scoreGraph(name, partsOf(sum), said)])),
    loudest: scoreGraph("joined", partsOf(worst), said),
  });
  const table = (data: Float32Array, ...shape: number[]): Buffer => ({ data, shape: [30, ...shape] });
  outputs = await program.run({
    images: { data: images.pixels.values, shape: [30, 3, 5, 6] },
    normal: table(images.normal.values, scales, 2),
    general: table(images.general.values, scales, 2),
    local: table(images.local.values, 1, 2),
    classes: table(images.classes.values, 3),
    logits: table(images.classifier.values, 3),
  });
});

afterAll(() => program.dispose());

function expectSame(got: ArrayLike<number>, expected: Float64Array): void {
  const { relative, absolute } = tolerances.network;
  for (const [image, value] of expected.entries()) {
    if (Number.isFinite(value)) {
      // What float32 leaves of terms that all but cancel.
      const terms = images.normal.values.subarray(image * 2 * scales, (image + 1) * 2 * scales).filter(Number.isFinite);
      const rest = 2 ** -23 * Math.max(0, ...terms.map(Math.abs));
      expect(Math.abs(got[image]! - value), `image ${image}: ${got[image]} for ${value}`).toBeLessThanOrEqual(
        10 * absolute + relative * Math.abs(value) + rest,
      );
    } else expect(got[image], `image ${image}`).toBe(value);
  }
}

describe("in a graph", () => {
  test("are all scores but those that look elsewhere", () => {
    expect(scoreNames(scales, sources).filter((name) => !names.includes(name))).toEqual([
      ...[
        "faults",
        "cells",
        "encoder",
        "encoder-other",
        "ratio-png",
        "ratio-webp",
        "png",
        "webp",
        "density-of-states",
        "complexity",
      ],
      ...["latent-fit", "gradient-norm", "gradient-layers", "gradient-fisher", "waic"],
    ]);
  });

  test.each(names)("%s is what the detector makes of the same terms", (name) => {
    expectSame(outputs[name]!.data, computeScore(name, images, sum).values);
  });

  test("the loudest of several is, too", () => {
    expectSame(outputs.loudest!.data, computeScore("joined", images, worst).values);
  });

  test("what it has to lack is named", () => {
    expect(reasonAgainst("faults", partsOf(sum))).toBe("a detector of local faults");
    expect(reasonAgainst("ratio-png", partsOf(sum))).toBe("the coded sizes of its images");
    expect(() => reasonAgainst("rati", partsOf(sum))).toThrow(ConfigError);
    const { joined } = worst.fits;
    if (joined?.kind !== "joined") throw new Error("no choice");
    const hearing = [...joined.experts, { ...joined.experts[0]!, name: "encoder" }];
    const other = { ...worst, fits: { ...worst.fits, joined: { ...joined, experts: hearing } } };
    expect(reasonAgainst("joined", partsOf(other))).toBe("an encoder's features");
  });
});
