/** Maps of flows: they sum to the terms and scores, stand where the image says it, and say so where there are none. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { flowMaps, openFlowMapper, scoreMap, scoringModel } from "../src/detector/index.ts";
import { type Flow, type FlowConfiguration, makeFlow, type NetworkForm } from "../src/flow/index.ts";
import { add, input, makeGraph, reduceSum } from "../src/graph/index.ts";
import { makeImages } from "../src/made/index.ts";
import { constantValues, packArrays } from "../src/nn/index.ts";
import { nodeEngine } from "../src/runtime/index.ts";
import { computeScore, makeTermTable, scoreDefinitions } from "../src/score/index.ts";
import { normalData } from "./reference/bijector-contract.ts";
import { evaluate } from "./reference/evaluator.ts";
import { tolerances } from "./reference/tolerances.ts";

const glow = { architecture: "glow", channels: 1, height: 24, width: 16, scales: 2, depth: 2, hidden: 6 } as const;
const flows = [
  { ...glow, name: "glow, two scales" },
  { ...glow, name: "glow in colour, three scales", channels: 3, scales: 3, depth: 1 },
  { ...glow, name: "patch", architecture: "patch", scales: 1 },
] as const;
const forms = ["products", "convolutions"] as const;
const engine = nodeEngine({ threads: 1 });

function movedParameters(flow: Flow, label = "flow-maps") {
  const key = randomKey(label);
  const drawn = packArrays(flow.parameters, flow.createParameters(key));
  const noise = key.fold("noise").stream();
  return { ...drawn, trainable: drawn.trainable.map((value) => value + 0.1 * noise.normal()) };
}

const made = (input: { readonly channels: number; readonly height: number; readonly width: number }, count: number) =>
  makeImages({ kind: "normal", count, specification: input, key: randomKey("images") }).pixels;

/** The terms of images under a flow, as its scoring graph has them. */
async function termsOf(flow: Flow, parameters: ReturnType<typeof movedParameters>, pixels: Uint8Array) {
  const { channels, height, width } = flow.inputShape;
  const count = pixels.length / (channels * height * width);
  const program = await engine.load(scoringModel(flow, parameters), { weights: "constant" });
  const { terms } = await program.run({ images: { data: pixels, shape: [count, channels, height, width] } });
  await program.dispose();
  return makeTermTable(count, flow.latentShapes.length, terms!.data as Float32Array);
}

const total = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0);

describe.each(flows)("$name", ({ name: _, ...configuration }) => {
  test.each(forms)("places sum to the terms in float64, as %s", (form) => {
    const flow = makeFlow(configuration, form);
    const graph = makeGraph();
    const { channels, height, width } = flow.inputShape;
    const x = input(graph, "x", [channels, height, width, 3]);
    const values = constantValues(graph, flow.parameters, movedParameters(flow));
    const terms = flow.normalize(values, x).terms.flatMap(({ logDet, prior }) => [logDet, prior]);
    const places = flow.termsByPlace!(values, x).flatMap(({ logDet, prior }) => [logDet, prior]);
    for (const [index, place] of places.entries()) {
      const latent = flow.latentShapes[Math.floor(index / 2)]!;
      expect(place.shape).toEqual([latent.height, latent.width, 3]);
    }
    const sums = places.map((place) => reduceSum(place, [0, 1]));
    const data = { x: Float64Array.from(normalData(flow.inputShape, 3)) };
    const results = evaluate([...terms.map((term) => add(term, sums[0]!)), ...sums], data, 3);
    for (const [index, sum] of results.slice(terms.length).entries()) {
      const expected = results[index]!.map((value, image) => value - results[terms.length]![image]!);
      expect(sum).toBeAllclose(expected, tolerances.value); // constants of a graph are float32
    }
  });

  test.each(forms)("maps sum to every score that is a sum of terms, as %s", async (form) => {
    const flow = makeFlow(configuration, form);
    const [normal, general] = [movedParameters(flow), movedParameters(flow, "general")];
    const pixels = made(flow.inputShape, 20); // more than one batch
    const terms = {
      normal: await termsOf(flow, normal, pixels),
      general: await termsOf(flow, general, pixels),
      dimensions: pixels.length / 20,
    };
    const [mapper, other] = [
      await openFlowMapper({ flow, parameters: normal }, engine),
      await openFlowMapper({ flow, parameters: general }, engine),
    ];
    const maps = await mapper.run(pixels);
    const generalMaps = await other.run(pixels);
    const scores = scoreDefinitions(flow.latentShapes.length, ["general"]).filter(({ sum }) => sum !== undefined);
    expect(scores.length).toBe(4 + 2 * flow.latentShapes.length);
    for (const { name, sum } of scores) {
      const { values } = computeScore(name, terms);
      const less = sum!.less ? generalMaps : [];
      const sums = Array.from(values, (_, image) => total(scoreMap(sum!, flow.inputShape, image, maps, less)));
      expect(sums, name).toBeAllclose(values, tolerances.network);
    }
    await mapper.dispose();
    await other.dispose();
  });
});

test("maps of all scales sum to the log-likelihood, every place shared out over its block of pixels", async () => {
  const flow = makeFlow(glow, "convolutions");
  const parameters = movedParameters(flow);
  const pixels = made(glow, 3);
  const maps = await flowMaps({ flow, parameters }, pixels, engine);
  const area = 24 * 16;
  expect(maps).toHaveLength(3 * 2 * area);
  const { values } = await termsOf(flow, parameters, pixels);
  for (let image = 0; image < 3; image++) {
    for (const [scale, side] of [2, 4].entries()) {
      const map = maps.subarray((image * 2 + scale) * area, (image * 2 + scale + 1) * area);
      const at = (image * 2 + scale) * 2;
      expect([total(map)]).toBeAllclose([values[at]! + values[at + 1]!], tolerances.network);
      const corner = (pixel: number) => {
        const [row, column] = [Math.floor(pixel / 16), pixel % 16];
        return map[(row - (row % side)) * 16 + column - (column % side)];
      };
      expect(Array.from(map)).toEqual(Array.from(map, (_, pixel) => corner(pixel)));
    }
  }
});

describe("a map stands where the image says it", () => {
  /** The largest change of a map at each pixel when one pixel of the image changes. */
  async function change(configuration: FlowConfiguration, form: NetworkForm) {
    const flow = makeFlow(configuration, form);
    const parameters = movedParameters(flow);
    const { channels, height, width } = flow.inputShape;
    const image = made(flow.inputShape, 1);
    const changed = image.slice();
    const [row, column] = [5, 6];
    for (let channel = 0; channel < channels; channel++) changed[(channel * height + row) * width + column]! ^= 128;
    const before = await flowMaps({ flow, parameters }, image, engine);
    const after = await flowMaps({ flow, parameters }, changed, engine);
    const area = height * width;
    const largest = new Float64Array(area);
    for (const [index, value] of after.entries()) {
      largest[index % area] = Math.max(largest[index % area]!, Math.abs(value - before[index]!));
    }
    return { largest: Array.from(largest), at: row * width + column, width };
  }

  test.each(forms)("as far as the couplings see and no farther, as %s", async (form) => {
    // One step: the coupling's two 3x3 convolutions reach two blocks of 2x2 pixels around that of row 5 and column 6.
    const shallow = { ...glow, scales: 1, depth: 1 } as const;
    const { largest, at, width } = await change(shallow, form);
    expect(largest[at]!).toBe(Math.max(...largest));
    expect(largest[at]!).toBeGreaterThan(0.01);
    const reached = largest.flatMap((value, pixel) => (value > 0 ? [pixel] : []));
    const blocks = (pixels: readonly number[], coordinate: (pixel: number) => number) =>
      [...new Set(pixels.map((pixel) => Math.floor(coordinate(pixel) / 2)))].sort((a, b) => a - b);
    expect(blocks(reached, (pixel) => Math.floor(pixel / width))).toEqual([0, 1, 2, 3, 4]);
    expect(blocks(reached, (pixel) => pixel % width)).toEqual([1, 2, 3, 4, 5]);
  });

  test("within its patch of 8x8 pixels", async () => {
    const { largest, at, width } = await change(flows[2], "products");
    expect(largest[at]!).toBeGreaterThan(0.001);
    const beyond = largest.filter((_, pixel) => pixel >= 8 * width || pixel % width >= 8);
    expect(Math.max(...beyond)).toBe(0);
  });
});

test("a flow that mixes all features has no places, and says so", async () => {
  const flow = makeFlow({ ...glow, architecture: "dense" });
  expect(flow.termsByPlace).toBeUndefined();
  await expect(flowMaps({ flow, parameters: movedParameters(flow) }, made(glow, 1), engine)).rejects.toThrow(
    "maps: expected a flow whose latents have places, got one that mixes all features of an image",
  );
});

test("refuses parts of images", async () => {
  const flow = makeFlow(glow);
  await expect(
    flowMaps({ flow, parameters: movedParameters(flow) }, made(glow, 1).subarray(1), engine),
  ).rejects.toThrow("maps: expected whole images of 1x24x16");
});
