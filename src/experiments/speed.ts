/** How fast this machine trains, scores and reads: what a budget of time can buy. */
import { limitSource } from "../analysis/index.ts";
import { type ImageShape, imageSizeOf, randomKey, setting } from "../base/index.ts";
import { loadImages, openImages } from "../data/index.ts";
import { scoringModel } from "../detector/index.ts";
import { makeFlow } from "../flow/index.ts";
import type { TrainingConfiguration } from "../model/index.ts";
import { packArrays, residualNetwork } from "../nn/index.ts";
import { adamax } from "../optim/index.ts";
import { loadProgram, nodeEngine, type ProgramOptions } from "../runtime/index.ts";
import { adaptToData, classification, compileStep, maximumLikelihood, zeroState } from "../train/index.ts";
import { classifierSize } from "../workflow/index.ts";

/** Seconds that things take. */
export interface Speeds {
  /** A step of a flow by maximum likelihood. */
  readonly step: number;
  /** The same of the flow of patches. */
  readonly localStep: number;
  /** A step of a classifier on one batch; 0 where no classifier is to be trained. */
  readonly classifierStep: number;
  /** Scoring an image under one model. */
  readonly score: number;
  /** Reading an image. */
  readonly readNormal: number;
  readonly readGeneral: number;
}

/** What is measured. */
export interface SpeedQuestion {
  readonly input: ImageShape;
  readonly model: TrainingConfiguration["model"];
  readonly batch: number;
  readonly engine: ProgramOptions;
  /** Whether classifiers are to be trained. */
  readonly supervised: boolean;
  readonly normal: string;
  readonly general: string;
}

/** So many steps are timed, after one that is not, or fewer where they take more than so many seconds. */
const timedSteps = 8;
const timedSeconds = 4;
/** Classes of a classifier that is timed. */
const timedClasses = 10;
/** Images that are timed. */
const timedImages = 256;
/** A step of a large model is timed with fewer images: it takes many seconds. */
const largeWidth = 256;
const largeBatch = 8;

/** Measures. This takes some seconds; for the paper's model, a minute or two. */
export async function measureSpeeds(question: SpeedQuestion): Promise<Speeds> {
  const { input, model, normal, general } = question;
  return {
    ...(await timeModel(question, model)),
    localStep: (await timeModel(question, { ...model, architecture: "patch", scales: 1 })).step,
    classifierStep: question.supervised ? await timeClassifier(question) : 0,
    readNormal: await timeReading(normal, setting("normal"), input),
    readGeneral: await timeReading(general, setting("general"), input),
  };
}

async function timeModel(
  { input, batch, engine }: SpeedQuestion,
  model: TrainingConfiguration["model"],
): Promise<Pick<Speeds, "step" | "score">> {
  const flow = makeFlow({ ...input, ...model });
  const timedBatch = model.hidden >= largeWidth ? Math.min(batch, largeBatch) : batch;
  const size = imageSizeOf(input);
  const stream = randomKey("speed").stream();
  const noise = (count: number): Float32Array =>
    Float32Array.from({ length: size * count }, () => stream.uniform() - 0.5);
  const drawn = packArrays(flow.parameters, flow.createParameters(randomKey("speed")));
  const parameters = await adaptToData(flow, drawn, noise(16), nodeEngine(engine));
  const update = { optimizer: adamax, weightDecay: 5e-5 };
  const step = await compileStep(
    maximumLikelihood(flow),
    timedBatch,
    zeroState(parameters, update),
    update,
    nodeEngine(engine),
  );
  const x = noise(timedBatch);
  let count = 0;
  const stepSeconds = await timeRuns(() => step.run({ x }, adamax.scalars(1e-4, ++count))).finally(() =>
    step.dispose(),
  );
  const scoringFlow = makeFlow({ ...input, ...model }, "convolutions");
  const program = await loadProgram(scoringModel(scoringFlow, parameters), { ...engine, weights: "constant" });
  const data = Uint8Array.from({ length: size * timedBatch }, () => stream.integer(256));
  const images = { data, shape: [timedBatch, input.channels, input.height, input.width] };
  const scoreSeconds = await timeRuns(() => program.run({ images })).finally(() => program.dispose());
  return { step: (stepSeconds * batch) / timedBatch, score: scoreSeconds / timedBatch };
}

async function timeClassifier({ input, batch, engine }: SpeedQuestion): Promise<number> {
  const network = residualNetwork({ ...input, ...classifierSize, classCount: timedClasses });
  const key = randomKey("speed").fold("classifier");
  const parameters = packArrays(network.parameters, network.createParameters(key));
  const update = { optimizer: adamax, weightDecay: 5e-5 };
  const objective = classification(network, input, false);
  const step = await compileStep(objective, batch, zeroState(parameters, update), update, nodeEngine(engine));
  const stream = key.stream();
  const size = imageSizeOf(input);
  const x = Float32Array.from({ length: size * batch }, () => stream.uniform() - 0.5);
  // All of the first class: what is learned does not matter.
  const labels = Float32Array.from({ length: timedClasses * batch }, (_, index) => (index < batch ? 1 : 0));
  let count = 0;
  return timeRuns(() => step.run({ x, labels }, adamax.scalars(1e-4, ++count))).finally(() => step.dispose());
}

/** The median of some runs after one that is not counted. */
async function timeRuns(run: () => Promise<unknown>): Promise<number> {
  await run();
  const times: number[] = [];
  const begun = performance.now();
  while (times.length === 0 || (times.length < timedSteps && performance.now() - begun < timedSeconds * 1000)) {
    const started = performance.now();
    await run();
    times.push((performance.now() - started) / 1000);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

async function timeReading(location: string, subject: string, input: ImageShape): Promise<number> {
  const source = limitSource(await openImages(location, subject), timedImages, randomKey("speed"));
  const started = performance.now();
  await loadImages(source, input, { strict: false });
  return (performance.now() - started) / 1000 / source.length;
}
