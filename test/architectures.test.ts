/** What sets the architectures apart: shared patches, dense rotations, their sizes; and each of them through the command line. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { analyze } from "../src/analysis/index.ts";
import { randomKey } from "../src/base/index.ts";
import { defaultSizes, denseCoupling, type Flow, featureRotation, makeFlow, makePatchGlow } from "../src/flow/index.ts";
import { add } from "../src/graph/index.ts";
import { trainingSchema } from "../src/model/index.ts";
import { constantValues, layoutOf, type ParameterVectors, packArrays } from "../src/nn/index.ts";
import { adaptationBytes } from "../src/train/index.ts";
import type { WorkflowEvent } from "../src/workflow/index.ts";
import { type Outcome, quickTraining, runOutglow, temporaryFolder, writeMadeImages } from "./command.ts";
import { normalData, perturbedParameters, runOn } from "./reference/bijector-contract.ts";

/** Parameters of a flow, moved away from initialisation. */
function movedParameters(flow: Flow): ParameterVectors {
  const key = randomKey("architectures");
  const drawn = packArrays(flow.parameters, flow.createParameters(key));
  const noise = key.fold("noise").stream();
  return { ...drawn, trainable: drawn.trainable.map((value) => value + 0.1 * noise.normal()) };
}

/** log p of images x [C, H, W, N] as one number each. */
async function logLikelihoods(flow: Flow, parameters: ParameterVectors, x: Float32Array): Promise<Float32Array> {
  const { total } = await runOn(flow.inputShape, x, (value, graph) => {
    const { terms } = flow.normalize(constantValues(graph, flow.parameters, parameters), value);
    return { total: terms.map(({ logDet, prior }) => add(logDet, prior)).reduce((sum, term) => add(sum, term)) };
  });
  return total!;
}

describe("the patch flow", () => {
  const size = { channels: 2, height: 16, width: 24, scales: 1, depth: 2, hidden: 6 };
  const flow = makePatchGlow(size);
  const image = normalData(size, 1);

  /** One image with its six patches in another order. */
  const rearranged = (order: readonly number[]): Float32Array =>
    image.map((_, index) => {
      const [channel, y, x] = [Math.floor(index / 384), Math.floor(index / 24) % 16, index % 24];
      const source = order[Math.floor(y / 8) * 3 + Math.floor(x / 8)]!;
      const [row, column] = [Math.floor(source / 3) * 8 + (y % 8), (source % 3) * 8 + (x % 8)];
      return image[channel * 384 + row * 24 + column]!;
    });

  test("does not tell the order of patches, but that of pixels", async () => {
    const parameters = movedParameters(flow);
    const [expected] = await logLikelihoods(flow, parameters, image);
    const [permuted] = await logLikelihoods(flow, parameters, rearranged([4, 2, 5, 1, 0, 3]));
    const [reversed] = await logLikelihoods(flow, parameters, image.toReversed());
    expect(Math.abs(permuted! - expected!)).toBeLessThan(1e-5 * Math.abs(expected!)); // sums in another order
    expect(Math.abs(reversed! - expected!)).toBeGreaterThan(0.1);
  });

  test("gives an image the sum over its patches, each an image of its own under the same parameters", async () => {
    const parameters = movedParameters(flow);
    const ofPatch = makePatchGlow({ ...size, height: 8, width: 8 });
    expect(layoutOf(ofPatch.parameters)).toEqual(layoutOf(flow.parameters));
    let sum = 0;
    for (let patch = 0; patch < 6; patch++) {
      const first = rearranged([patch, 0, 0, 0, 0, 0]).filter((_, index) => index % 24 < 8 && index % 384 < 192);
      sum += (await logLikelihoods(ofPatch, parameters, first))[0]!;
    }
    const [whole] = await logLikelihoods(flow, parameters, image);
    expect(Math.abs(whole! - sum)).toBeLessThan(1e-5 * Math.abs(sum));
  });
});

describe("the dense flow", () => {
  test.each([
    [{ channels: 4, height: 4, width: 3 }, 6, 8],
    [{ channels: 12, height: 16, width: 16 }, 48, 64],
  ])("rotates %o by factors of %i and %i", (shape, p, q) => {
    expect(featureRotation(shape).parameters).toMatchObject({ left: { shape: [p, p] }, right: { shape: [q, q] } });
  });

  test("rotates so that every feature depends on every other, and lengths stay", async () => {
    const shape = { channels: 4, height: 4, width: 3 };
    const rotation = featureRotation(shape);
    const identity = Float32Array.from({ length: 48 * 48 }, (_, index) => (index % 49 === 0 ? 1 : 0));
    const { z } = await runOn(shape, identity, (x, graph) => ({
      z: add(rotation.normalize(constantValues(graph, rotation.parameters, perturbedParameters(rotation)), x).z, 0),
    }));
    for (let row = 0; row < 48; row++) {
      for (let other = 0; other <= row; other++) {
        const product = z!
          .subarray(row * 48, (row + 1) * 48)
          .reduce((sum, value, column) => sum + value * z![other * 48 + column]!, 0);
        expect(product).toBeCloseTo(row === other ? 1 : 0, 5);
      }
    }
    expect(z!.every((value) => value !== 0)).toBe(true);
  });

  test("starts with numbers as PyTorch's linear layers do, nothing zero", () => {
    const coupling = denseCoupling({ channels: 4, height: 4, width: 4 }, 25);
    const inputs = { linear1: 32, linear2: 25, linear3: 25 } as const;
    for (const [name, { weight, bias }] of Object.entries(coupling.createParameters(randomKey("dense")))) {
      const bound = 1 / Math.sqrt(inputs[name as keyof typeof inputs]);
      const deviation = Math.sqrt(weight.reduce((sum, value) => sum + value * value, 0) / weight.length);
      expect(deviation / (bound / Math.sqrt(3))).toBeCloseTo(1, 1); // that of a uniform distribution
      for (const value of [...weight, ...bias]) expect(Math.abs(value)).toBeLessThanOrEqual(bound);
      expect(bias.every((value) => value !== 0)).toBe(true);
    }
  });
});

describe("sizes", () => {
  const colour = { channels: 3, height: 32, width: 32, hidden: 512 };

  // The numbers that paper.md, sections 1.1 to 1.3, derives for the paper's own models.
  test.each([
    ["glow", 3, 32, 44_155_008],
    ["patch", 1, 32, 11_120_000],
    ["dense", 3, 8, 39_500_000],
  ] as const)("%s has as many trained parameters as the paper's", (architecture, scales, depth, expected) => {
    const { trainableSize } = layoutOf(makeFlow({ ...colour, architecture, scales, depth }).parameters);
    expect(Math.abs(trainableSize - expected)).toBeLessThan(0.002 * expected);
  });

  test("the paper's dense flow has 90,624 frozen numbers", () => {
    expect(layoutOf(makeFlow({ ...colour, architecture: "dense", scales: 3, depth: 8 }).parameters).fixedSize).toBe(
      90_624,
    );
  });

  // Half the height and width times hidden channels, with one more for the bias, or the nine taps of the last convolution's
  // 12 channels; all features where dense.
  test.each([
    ["glow", 4, 16 * 16 * 9 * 12],
    ["glow", 512, 16 * 16 * 513],
    ["patch", 4, 16 * 16 * 9 * 12],
    ["patch", 512, 16 * 16 * 513],
    ["dense", 4, 3072],
    ["dense", 4096, 4096],
  ] as const)("the initialisation of %s with width %i knows its largest tensor", (architecture, hidden, expected) => {
    const scales = defaultSizes(architecture).scales;
    const flow = makeFlow({ ...colour, architecture, scales, depth: 1, hidden });
    const images = 100_000; // so many that parameters are small beside them
    expect(adaptationBytes(flow, images)).toBe(4 * expected * images);
  });

  test("a configuration from before there was a choice is a Glow", () => {
    const { model } = trainingSchema.shape;
    expect(model.parse({ scales: 1, depth: 1, hidden: 1 })).toMatchObject({ architecture: "glow" });
    expect(model.safeParse({ architecture: "glob", scales: 1, depth: 1, hidden: 1 }).success).toBe(false);
  });
});

describe("through the command line", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const run = (...args: string[]): Promise<Outcome> => runOutglow(folder.path, ...args);
  const training = quickTraining.filter((flag) => !flag.startsWith("--scales"));

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeMadeImages(join(folder.path, "normal"), "normal", 60);
    await writeMadeImages(join(folder.path, "general"), "general", 40);
    await run("train", "--normal=normal", "--out=glow", "--scales=2", ...training);
  }, 60_000);

  afterAll(() => folder.dispose());

  test.each([
    ["patch", [], 1],
    ["dense", ["--scales=2"], 2],
    ["pixelcnn", ["--size=8", "--depth=1", "--width=4", "--steps=10"], 0],
  ] as const)("%s trains both models, scores and samples", async (architecture, own, count) => {
    const trained = await run(
      ...["train", "--normal=normal", "--general=general", `--out=${architecture}`, "--json"],
      ...[`--architecture=${architecture}`, ...training, ...own],
    );
    expect(trained.code, trained.stderr).toBe(0);
    expect(JSON.parse(trained.stdout)).toMatchObject({ training: { model: { architecture, scales: count } } });
    const predicted = await run("predict", architecture, "normal", "--quiet");
    expect(predicted.code, predicted.stderr).toBe(0);
    const [header, ...lines] = predicted.stdout.trim().split("\n");
    expect(header!.match(/,scale-\d/g) ?? []).toHaveLength(count);
    expect(lines).toHaveLength(60);
    expect(predicted.stdout).not.toMatch(/nan|inf/i);
    const sampled = await run("sample", architecture, "--count=2", `--out=${architecture}.png`);
    expect(sampled.code, sampled.stderr).toBe(0);
    expect((await readFile(join(folder.path, `${architecture}.png`))).length).toBeGreaterThan(100);
  });

  test("what a PixelCNN++ has no scales, latents or classes for is refused or absent, and it has maps", async () => {
    const listed = await run("scores", "pixelcnn", "--json");
    expect(listed.code, listed.stderr).toBe(0);
    expect(listed.stdout).toMatch(/"ratio"/);
    expect(listed.stdout).not.toMatch(/"(hierarchy|final-scale|latent-fit|scale-0)"/);
    const judged = await run("predict", "pixelcnn", "normal", "--score=hierarchy");
    expect(judged.stderr).toMatch(
      /score hierarchy: expected a flow, with scales and latents, got a model without; choose one of/,
    );
    const inverse = await run("export", "pixelcnn", "--latents", "--out=model.onnx");
    expect(inverse.stderr).toMatch(/expected a flow, with latents, got a model without/);
    const mapped = await run("predict", "pixelcnn", "normal", "--score=ratio", "--maps=maps", "--quiet");
    expect(mapped.code, mapped.stderr).toBe(0);
    expect((await readdir(join(folder.path, "maps"))).length).toBe(120);
  });

  test("an analysis of a PixelCNN++ tells row by row how far its pictures are drawn", async () => {
    const events: WorkflowEvent[] = [];
    const at = (name: string): string => join(folder.path, name);
    const request = {
      detectors: [at("pixelcnn")],
      data: [{ name: "made", location: at("normal") }],
      out: at("analysis"),
      limit: 3,
      score: [],
      coders: false,
      seed: 0,
      strict: false,
      force: false,
      engine: { threads: 1 },
      commands: [],
    };
    await analyze(request, { onEvent: (event) => events.push(event) });
    const drawn = events.flatMap((event) => (event.kind === "progress" && event.task === "drawing" ? [event] : []));
    // Two models at three temperatures, eight rows each.
    expect(drawn.map(({ done }) => done)).toEqual(Array.from({ length: 48 }, (_, row) => row + 1));
    expect(new Set(drawn.map(({ subject, total }) => `${subject}: ${total}`))).toEqual(
      new Set(["rows of pixels from pixelcnn: 48"]),
    );
  });

  test.each([
    [
      "a PixelCNN++ of several scales",
      ["--architecture=pixelcnn", "--scales=2"],
      /pixelcnn: expected no scales, got 2; leave --scales out/,
    ],
    [
      "a patch flow of several scales",
      ["--architecture=patch", "--scales=2"],
      /patch: expected 1 scale, got 2; leave --scales out/,
    ],
    ["an unknown architecture", ["--architecture=glob"], /expected glow, patch, dense, pixelcnn, got 'glob'/],
    [
      "a general detector of another architecture",
      ["--architecture=dense", "--scales=2", "--general-detector=glow"],
      /--general-detector: expected a model of .* architecture dense, .*, got one of .* architecture glow, .*--architecture/,
    ],
  ])("%s is refused", async (_name, flags, message) => {
    const { code, stderr } = await run("train", "--normal=normal", "--out=refused", ...training, ...flags);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
