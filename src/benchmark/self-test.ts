/** The engine's self-test: a small flow is trained twice. */
import { messageOf, randomKey } from "../base/index.ts";
import { dequantize } from "../data/index.ts";
import { makeGlow } from "../flow/index.ts";
import { type ParameterVectors, packArrays } from "../nn/index.ts";
import { adamax } from "../optim/index.ts";
import { nodeEngine, type ProgramOptions } from "../runtime/index.ts";
import { adaptToData, compileStep, maximumLikelihood, type StepResult, zeroState } from "../train/index.ts";

/** What was checked of the engine. */
export interface EngineCheck {
  readonly name: string;
  readonly passed: boolean;
  /** What was found, or what is wrong. */
  readonly detail: string;
}

/** Checks that training learns and that it is repeatable. An error of the engine is a check that failed. Takes a second. */
export async function testEngine(engine: ProgramOptions): Promise<EngineCheck[]> {
  try {
    const first = await trainBriefly(engine);
    const second = await trainBriefly(engine);
    const [start, end] = [first[0]!, first.at(-1)!];
    const milliseconds = first.reduce((sum, { duration }) => sum + duration, 0) / first.length;
    return [
      {
        name: "training",
        passed: end.result.loss < start.result.loss && first.every(({ result }) => result.applied),
        detail: `loss fell from ${start.result.loss.toFixed(1)} to ${end.result.loss.toFixed(1)} nats, ${milliseconds.toFixed(1)} ms a step`,
      },
      {
        name: "determinism",
        passed: first.every(({ result }, step) => result.loss === second[step]!.result.loss),
        detail: "two runs with one seed give the same losses, bit for bit",
      },
    ];
  } catch (error) {
    return [{ name: "engine", passed: false, detail: messageOf(error) }];
  }
}

/** Twenty steps of a small flow on smooth noise. */
async function trainBriefly(engine: ProgramOptions): Promise<{ result: StepResult; duration: number }[]> {
  const specification = { channels: 1, height: 16, width: 16 };
  const batchSize = 32;
  const flow = makeGlow({ ...specification, scales: 2, depth: 2, hidden: 32 });
  const key = randomKey("doctor");
  const stream = key.fold("pixels").stream();
  const pixels = Uint8Array.from(
    { length: batchSize * 256 },
    (_, index) => 100 + (index % 16) * 4 + stream.integer(20),
  );
  const x = dequantize(pixels, specification, key.fold("noise").stream());
  const drawn: ParameterVectors = packArrays(flow.parameters, flow.createParameters(key));
  const parameters = await adaptToData(flow, drawn, x, nodeEngine(engine));
  const update = { optimizer: adamax, weightDecay: 0 };
  const step = await compileStep(
    maximumLikelihood(flow),
    batchSize,
    zeroState(parameters, update),
    update,
    nodeEngine(engine),
  );
  const results = [];
  for (let count = 1; count <= 20; count++) {
    const started = performance.now();
    const result = await step.run({ x }, adamax.scalars(1e-3, count));
    results.push({ result, duration: performance.now() - started });
  }
  await step.dispose();
  return results;
}
