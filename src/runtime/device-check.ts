/** Whether a device computes what the CPU does, on a graph that a training step could hold. */

import { type Device, RunError, setting } from "../base/index.ts";
import {
  gemm,
  gradients,
  input,
  makeGraph,
  multiply,
  reduceSum,
  relu,
  reshape,
  sigmoid,
  unfold,
} from "../graph/index.ts";
import type { Buffer } from "./engine.ts";
import { compileGraph } from "./program.ts";

/** Rounding in another order, and the exponentials of graphics cards. */
const tolerance = { relative: 1e-4, absolute: 1e-4 };

const [side, channels, width, count] = [6, 2, 8, 5];

/** A convolution with its gradients. */
function layer() {
  const graph = makeGraph();
  const weight = input(graph, "weight", [width, channels * 9]);
  const x = input(graph, "x", [channels, side, side, count]);
  const hidden = relu(gemm(weight, reshape(unfold(x), [channels * 9, side * side * count])));
  const loss = reduceSum(multiply(sigmoid(hidden), hidden));
  const [dWeight, dx] = gradients(loss, [weight, x]);
  return { loss, dWeight: dWeight!, dx: dx! };
}

/** Numbers from -1 to 1 without an order to speak of. */
function numbers(...shape: number[]): Buffer {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { data: Float32Array.from({ length: size }, (_, index) => Math.sin(12.9898 * (index + 1))), shape };
}

async function runOn(device: Device): Promise<Record<string, Buffer>> {
  const program = await compileGraph(layer(), { threads: 1, device });
  const inputs = { weight: numbers(width, channels * 9), x: numbers(channels, side, side, count) };
  return program.run(inputs).finally(() => program.dispose());
}

/** Compiles and runs a small graph. Throws RunError where the device does not answer, or gives other numbers than the CPU. */
export async function tryDevice(device: Device): Promise<void> {
  const [expected, got] = [await runOn("cpu"), await runOn(device)];
  for (const [name, { data }] of Object.entries(expected)) {
    const wrong = data.findIndex((value, index) => {
      const difference = Math.abs(got[name]!.data[index]! - value);
      return !(difference <= tolerance.absolute + tolerance.relative * Math.abs(value));
    });
    if (wrong >= 0) {
      throw new RunError({
        code: "device",
        subject: setting("device", device),
        expected: "the numbers of the CPU",
        got: `${got[name]!.data[wrong]} for ${data[wrong]} in a small test`,
        remedy: { key: "use-cpu", first: "update the GPU's driver" },
      });
    }
  }
}
