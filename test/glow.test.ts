/** Flows of every architecture as a whole: exact log-likelihood, round trip, data-dependent initialisation, terms, samples. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { sampleImages } from "../src/detector/index.ts";
import { type Flow, type FlowConfiguration, makeFlow, pixelsToData } from "../src/flow/index.ts";
import {
  add,
  concatenate,
  constant,
  gradients,
  input,
  makeGraph,
  multiply,
  reduceSum,
  reshape,
  type Value,
} from "../src/graph/index.ts";
import { constantValues, type ParameterVectors, packArrays } from "../src/nn/index.ts";
import { compileGraph, nodeEngine } from "../src/runtime/index.ts";
import { adaptToData } from "../src/train/index.ts";
import { eventSize, logAbsoluteDeterminant, normalData, runOn } from "./reference/bijector-contract.ts";

const glow = { architecture: "glow", channels: 1, height: 4, width: 4, scales: 1, depth: 2, hidden: 6 } as const;
const patch = { ...glow, architecture: "patch", height: 16, width: 8 } as const;
const dense = { ...glow, architecture: "dense" } as const;
const shapes: readonly (FlowConfiguration & { readonly name: string })[] = [
  { ...glow, name: "grey, one scale" },
  { ...glow, name: "grey, two scales", height: 8, scales: 2, depth: 1 },
  { ...glow, name: "colour, two scales", channels: 3, scales: 2, hidden: 8 },
  { ...glow, name: "five channels", channels: 5, depth: 1, hidden: 4 },
  { ...patch, name: "patch, grey" },
  { ...patch, name: "patch, colour", channels: 3, height: 8, width: 8, depth: 1 },
  { ...dense, name: "dense, grey, one scale" },
  { ...dense, name: "dense, colour, two scales", channels: 3, height: 8, scales: 2, hidden: 8 },
];

/** Parameters away from initialisation: adapted to data, then moved by noise. */
async function movedParameters(flow: Flow): Promise<ParameterVectors> {
  const key = randomKey("glow");
  const drawn = packArrays(flow.parameters, flow.createParameters(key));
  const adapted = await adaptToData(flow, drawn, normalData(flow.inputShape, 20), nodeEngine({ threads: 1 }));
  const noise = key.fold("noise").stream();
  return { ...adapted, trainable: adapted.trainable.map((value) => value + 0.03 * noise.normal()) };
}

describe.each(shapes)("$name", (configuration) => {
  const flow = makeFlow(configuration);

  test("generate undoes normalize", async () => {
    const parameters = await movedParameters(flow);
    const data = normalData(flow.inputShape, 3);
    const { back } = await runOn(flow.inputShape, data, (x, graph) => {
      const values = constantValues(graph, flow.parameters, parameters);
      return { back: add(flow.generate!(values, flow.normalize(values, x).latents), 0) };
    });
    expect(back).toBeAllclose(data, { relative: 1e-3, absolute: 1e-3 }); // a dozen steps in float32, scales down to 0.1
  });

  test("the terms sum to the log-density by the full Jacobian", async () => {
    const parameters = await movedParameters(flow);
    const size = eventSize(flow.inputShape);
    const sample = normalData(flow.inputShape, 1);
    const tiled = Float32Array.from({ length: size * size }, (_, index) => sample[Math.floor(index / size)]!);
    const identity = Float32Array.from({ length: size * size }, (_, index) =>
      Math.floor(index / size) === index % size ? 1 : 0,
    );
    const results = await runOn(flow.inputShape, tiled, (x, graph) => {
      const { latents, terms } = flow.normalize(constantValues(graph, flow.parameters, parameters), x);
      const rows = latents.map((latent) =>
        reshape(latent, [latent.shape.slice(0, 3).reduce<number>((n, d) => n * (d as number), 1), size]),
      );
      const latent = concatenate(rows, 0);
      const projected = reduceSum(multiply(latent, constant(graph, identity, [size, size])));
      const total = terms.map(({ logDet, prior }) => add(logDet, prior)).reduce((sum: Value, term) => add(sum, term));
      return { latent: add(latent, 0), total, jacobian: gradients(projected, [x])[0]! };
    });
    const u = Array.from({ length: size }, (_, index) => results.latent![index * size]!);
    const prior = u.reduce((sum, value) => sum - 0.5 * value * value - 0.5 * Math.log(2 * Math.PI), 0);
    const expected = prior + logAbsoluteDeterminant(Float64Array.from(results.jacobian!), size);
    expect(Math.abs(results.total![0]! - expected)).toBeLessThan(1e-3 * Math.abs(expected) + 1e-2); // float32 Jacobian
  });

  test.runIf(configuration.architecture !== "dense")("convolutions mean the same as products", async () => {
    const parameters = await movedParameters(flow);
    const data = normalData(flow.inputShape, 3);
    const terms = await Promise.all(
      (["products", "convolutions"] as const).map((form) =>
        runOn(flow.inputShape, data, (x, graph) => {
          const formed = makeFlow(configuration, form);
          const values = constantValues(graph, formed.parameters, parameters);
          return Object.fromEntries(
            formed.normalize(values, x).terms.map(({ logDet, prior }, scale) => [`${scale}`, add(logDet, prior)]),
          );
        }),
      ),
    );
    for (const [scale, products] of Object.entries(terms[0]!)) {
      expect(terms[1]![scale]!).toBeAllclose(products, { relative: 1e-5, absolute: 1e-3 }); // sums in another order
    }
  });

  test("adapting gives every latent dimension mean 0 and deviation 1", async () => {
    const key = randomKey("adapt");
    const batch = 40;
    const data = normalData(flow.inputShape, batch).map((value) => 0.3 * value + 0.1);
    const drawn = packArrays(flow.parameters, flow.createParameters(key));
    const parameters = await adaptToData(flow, drawn, data, nodeEngine({ threads: 1 }));
    const results = await runOn(flow.inputShape, data, (x, graph) => {
      const { latents } = flow.normalize(constantValues(graph, flow.parameters, parameters), x);
      return Object.fromEntries(latents.map((latent, scale) => [`latent${scale}`, add(latent, 0)]));
    });
    for (const [scale, { height, width }] of flow.latentShapes.entries()) {
      // Patches share their prior: a dimension of an 8x8 patch recurs every 4 rows and columns of the latent.
      const side = configuration.architecture === "patch" ? 4 : Math.max(height, width);
      const dimensions = new Map<string, number[]>();
      for (const [index, value] of results[`latent${scale}`]!.entries()) {
        const pixel = Math.floor(index / batch);
        const place = [pixel / (height * width), (pixel / width) % side, (pixel % width) % side].map(Math.floor).join();
        dimensions.set(place, [...(dimensions.get(place) ?? []), value]);
      }
      for (const values of dimensions.values()) {
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
        expect(mean).toBeCloseTo(0, 3);
        expect(variance).toBeCloseTo(1, 2);
      }
    }
  });

  test("samples are images of the model's shape, the same for the same key", async () => {
    const parameters = await movedParameters(flow);
    const options = { count: 3, temperature: 0.7, key: randomKey("samples") };
    const first = await sampleImages(flow, parameters, options, nodeEngine({ threads: 1 }));
    const second = await sampleImages(flow, parameters, options, nodeEngine({ threads: 1 }));
    expect(first).toHaveLength(3 * eventSize(flow.inputShape));
    expect(second).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(1);
  });
});

test("a pixel becomes the middle of its interval, batch innermost", async () => {
  const graph = makeGraph();
  const images = input(graph, "images", [2, 1, 1, 2], "uint8");
  const program = await compileGraph({ x: pixelsToData(images) }, { threads: 1 });
  const { x } = await program.run({ images: { data: Uint8Array.of(0, 255, 128, 1), shape: [2, 1, 1, 2] } });
  await program.dispose();
  expect(x!.shape).toEqual([1, 1, 2, 2]);
  const middle = (pixel: number) => pixel / 256 - 0.5 + 1 / 512;
  expect(x!.data).toBeAllclose([0, 128, 255, 1].map(middle), { relative: 0, absolute: 1e-7 }); // one rounding
});
