/** The compiled step: its terms in the order of the scales, and nothing left open where it fails. */
import { InferenceSession } from "onnxruntime-node";
import { expect, test, vi } from "vitest";
import { GraphError, randomKey } from "../base/index.ts";
import { type Flow, makeGlow } from "../flow/index.ts";
import { add, multiply, reduceSum } from "../graph/index.ts";
import { packArrays } from "../nn/index.ts";
import { adamax } from "../optim/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { adaptToData, compileStep, maximumLikelihood, zeroState } from "./index.ts";

const small = makeGlow({ channels: 1, height: 4, width: 4, scales: 1, depth: 1, hidden: 2 });
const parameters = packArrays(small.parameters, small.createParameters(randomKey("step")));
const data = Float32Array.from({ length: 16 * 3 }, (_, index) => Math.sin(index));

/** A flow of `scales` scales, of which number s says s times what a small one says. */
function manyScales(scales: number): Flow {
  return {
    ...small,
    normalize(values, x) {
      const { latents, terms } = small.normalize(values, x);
      const whole = reduceSum(add(terms[0]!.logDet, terms[0]!.prior));
      const term = (scale: number) => ({ logDet: multiply(whole, scale), prior: multiply(whole, 0) });
      return { latents, terms: Array.from({ length: scales }, (_, scale) => term(scale)) };
    },
  };
}

test("terms come in the order of the scales, of twelve too", async () => {
  const update = { optimizer: adamax, weightDecay: 0 };
  const step = await compileStep(
    maximumLikelihood(manyScales(12)),
    3,
    zeroState(parameters, update),
    update,
    nodeEngine({ threads: 1 }),
  );
  const { measures } = await step.run({ x: data }, adamax.scalars(1e-3, 1));
  await step.dispose();
  const terms = measures.terms as number[];
  const unit = terms[1]!;
  expect(terms.map((term) => Math.round(term / unit))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test("fitting to data frees its session where it fails", async () => {
  const { prototype } = InferenceSession as unknown as { prototype: InferenceSession };
  const create = vi.spyOn(InferenceSession, "create");
  const release = vi.spyOn(prototype, "release");
  vi.spyOn(prototype, "run").mockRejectedValueOnce(new Error("out of memory"));
  await expect(adaptToData(small, parameters, data, nodeEngine({ threads: 1 }))).rejects.toThrow("out of memory");
  expect([create.mock.calls.length, release.mock.calls.length]).toEqual([1, 1]);
});

test("vectors of another length than the model's are refused", async () => {
  const short = { ...parameters, trainable: parameters.trainable.subarray(1) };
  await expect(adaptToData(small, short, data, nodeEngine({ threads: 1 }))).rejects.toBeInstanceOf(GraphError);
});
