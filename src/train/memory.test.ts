/** Memory modes: what they choose, and that they change no number. */

import { expect, test } from "vitest";
import { type MemoryMode, randomKey } from "../base/index.ts";
import { makeGlow } from "../flow/index.ts";
import { input, makeGraph } from "../graph/index.ts";
import { packArrays, parameterInputs, residualNetwork } from "../nn/index.ts";
import { adamax } from "../optim/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { compileStep, maximumLikelihood, zeroState } from "./index.ts";
import { activationBytes, recomputationFor } from "./memory.ts";

const flow = makeGlow({ channels: 1, height: 8, width: 8, scales: 2, depth: 2, hidden: 24 });
const batch = 4;

function lossValue() {
  const graph = makeGraph();
  const objective = maximumLikelihood(flow);
  const [[name, shape]] = Object.entries(objective.inputShapes(batch)) as [[string, readonly number[]]];
  const x = input(graph, name, shape);
  return objective.measure(parameterInputs(graph, flow.parameters), { [name]: x }).loss;
}

async function weightsAfter(memory: MemoryMode, steps: number): Promise<Float32Array> {
  const parameters = packArrays(flow.parameters, flow.createParameters(randomKey("memory")));
  const update = { optimizer: adamax, weightDecay: 1e-3, memory };
  const step = await compileStep(
    maximumLikelihood(flow),
    batch,
    zeroState(parameters, update),
    update,
    nodeEngine({ threads: 1 }),
  );
  const stream = randomKey("pixels").stream();
  for (let count = 1; count <= steps; count++) {
    const x = Float32Array.from({ length: 64 * batch }, () => stream.normal());
    await step.run({ x }, adamax.scalars(1e-2, count));
  }
  await step.dispose();
  return step.state().parameters.trainable;
}

test("low and fast end at the same weights, bit for bit", async () => {
  expect(await weightsAfter("low", 5)).toEqual(await weightsAfter("fast", 5));
});

test("auto keeps activations where half of the free memory holds them", () => {
  const loss = lossValue();
  const bytes = activationBytes(loss);
  expect(recomputationFor("auto", loss, 2 * bytes)).toBeUndefined();
  expect(recomputationFor("auto", loss, 2 * bytes - 2)).toBeDefined();
  expect(recomputationFor("fast", loss, 0)).toBeUndefined();
  expect(recomputationFor("low", loss, Number.POSITIVE_INFINITY)).toBeDefined();
});

test("activations are counted with all that is made on the way: hidden ones, neighbourhoods, taps", () => {
  // Per step of scale 0: two hidden tensors before and after ReLU, [24, 4 x 4 x 4] each, and more.
  const hidden = 4 * 4 * 24 * 4 * 4 * batch * 2;
  expect(activationBytes(lossValue())).toBeGreaterThan(hidden);
});

test("a region is a step of a flow or a block of the classifier", () => {
  const { regionOf } = recomputationFor("low", lossValue(), 0)!;
  expect(["scale0/step11/coupling", "scale0/step11/mixing/again"].map(regionOf)).toEqual(
    Array(2).fill("scale0/step11"),
  );
  expect(["", "scale1", "prior0", "scale0/squeeze", "stepwise", "update"].map(regionOf)).toEqual(
    Array(6).fill(undefined),
  );
  const graph = makeGraph();
  const network = residualNetwork({ channels: 1, height: 8, width: 8, hidden: 4, blocks: 1, classCount: 2 });
  network.logits(parameterInputs(graph, network.parameters), input(graph, "x", [1, 8, 8, 2]));
  const regions = new Set(graph.nodes.flatMap(({ scope }) => regionOf(scope) ?? []));
  expect([...regions]).toEqual(["stage0block0", "stage1block0", "stage2block0"]);
});
