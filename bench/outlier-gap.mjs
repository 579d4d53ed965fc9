/**
 * Outglow's side of the comparison with PyTorch on the outlier loss (docs/experiments.md); bench/outlier-gap.py is the other side.
 *
 *     npm run build
 *     node bench/outlier-gap.mjs images DATA IMAGES                 prepared images as .npy, of which both programs take theirs
 *     node bench/outlier-gap.mjs compare IMAGES GENERAL NORMAL OUT  terms, outlier loss and gradients of one batch, for the .py to compare with
 *     node bench/outlier-gap.mjs train IMAGES GENERAL OUT [--steps 2000] [--rate 5e-4] [--fall 0.9] [--temperature 1000]
 *         [--weight 6000] [--flip] [--seed 0] [--threads 2] [--looks 10] [--general general-lanczos]
 *                                       fine-tunes from the general model's weights and prints AUROC and bits/dim as JSON lines
 *
 * DATA holds a folder for each data set. GENERAL and NORMAL are weights of depth 6, width 64: FILE.safetensors of a detector, or FILE.safetensors#PREFIX
 * as the .py writes them.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freeBatch, randomKey } from "outglow/base";
import { loadImages, openImages, splitHeldOut, writeArray } from "outglow/data";
import { makeFlow } from "outglow/flow";
import { add, concatenate, input, makeGraph, reshape } from "outglow/graph";
import { layoutOf, parameterInputs, parametersFrom, parameterTensors, readTensors, writeTensors } from "outglow/nn";
import { optimizers } from "outglow/optim";
import { nodeEngine } from "outglow/runtime";
import { auroc } from "outglow/score";
import {
  compileLikelihoods,
  compileStep,
  makeBatchSource,
  outlierLikelihood,
  trainModel,
  zeroState,
} from "outglow/train";

const { values: flags, positionals } = parseArgs({
  options: {
    steps: { type: "string", default: "2000" },
    rate: { type: "string", default: "5e-4" },
    fall: { type: "string", default: "0.9" },
    temperature: { type: "string" },
    weight: { type: "string" },
    flip: { type: "boolean", default: false },
    seed: { type: "string", default: "0" },
    threads: { type: "string", default: "2" },
    looks: { type: "string", default: "10" },
    general: { type: "string", default: "general" },
    grey: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const [verb, ...paths] = positionals;

/** Where the images of a file are. */
const colour = {
  "normal-train": "cifar-10#split=train",
  "normal-test": "cifar-10#split=test,limit=2000,seed=1",
  "mnist-m": "mnist-m#limit=2000,seed=1",
  "cifar-100": "cifar-100#limit=2000,seed=1",
  general: "tiny-imagenet",
};
const grey = {
  "grey-normal-train": "fashion-mnist#split=train,limit=12500,seed=1",
  "grey-normal-test": "fashion-mnist#split=test,limit=2000,seed=1",
  "grey-mnist": "mnist#split=test,limit=2000,seed=1",
  "grey-emnist-letters": "emnist-letters#limit=2000,seed=1",
  "grey-general": "tiny-imagenet",
};

/** Sets by channels and side. The general images at twice the size are for other kernels to shrink (`outlier-gap.py shrink`). */
const sizes = [
  [3, 32, colour],
  [1, 32, grey],
  [3, 64, { "general-64": colour.general }],
];

async function writeImages([data, out]) {
  mkdirSync(out, { recursive: true });
  for (const [channels, side, sets] of sizes) {
    for (const [name, location] of Object.entries(sets)) {
      const source = await openImages(join(data, location), name);
      const { count, pixels } = await loadImages(source, { channels, height: side, width: side }, { strict: true });
      writeFileSync(join(out, `${name}.npy`), writeArray(pixels, [count, channels, side, side]));
      console.error(`${name}: ${count}`);
    }
  }
}

/** A set of `images`. */
function readImages(folder, name) {
  const bytes = readFileSync(join(folder, `${name}.npy`));
  const begin = 10 + bytes.readUInt16LE(8);
  const [count, channels, height, width] = bytes
    .toString("latin1", 10, begin)
    .match(/\(([^)]*)\)/)[1]
    .split(",")
    .map(Number);
  return { specification: { channels, height, width }, count, pixels: new Uint8Array(bytes.subarray(begin)) };
}

/** x = (pixel + 1/2) / 256 - 1/2 of images [first, last), as [C, H, W, N]. */
function dataOf({ specification: { channels, height, width }, pixels }, first, last) {
  const size = channels * height * width;
  const count = last - first;
  const data = new Float32Array(count * size);
  for (let image = 0; image < count; image++) {
    for (let place = 0; place < size; place++)
      data[place * count + image] = (pixels[(first + image) * size + place] + 0.5) / 256 - 0.5;
  }
  return data;
}

const size = { scales: 3, depth: 6, hidden: 64 };
const engine = nodeEngine({ threads: Number(flags.threads) });
const weightsOf = (flow, location) => {
  const [path, prefix = ""] = location.split("#");
  return parametersFrom(layoutOf(flow.parameters), readTensors(readFileSync(path), path).tensors, prefix, path);
};

/** Log-likelihood of every scale, [N][scales], of images [first, last). */
async function compileTerms(flow) {
  const { channels, height, width } = flow.inputShape;
  const graph = makeGraph();
  const values = parameterInputs(graph, flow.parameters);
  const { terms } = flow.normalize(values, input(graph, "x", [channels, height, width, freeBatch]));
  const rows = terms.map(({ logDet, prior }) => reshape(add(prior, logDet), [1, freeBatch]));
  const program = await engine.compile({ terms: concatenate(rows, 0) });
  const { entries } = layoutOf(flow.parameters);
  return async (parameters, images, first = 0, last = images.count) => {
    const frozen = Object.fromEntries(
      entries.map(({ name, shape, trainable, offset, size }) => [
        name,
        { data: (trainable ? parameters.trainable : parameters.fixed).subarray(offset, offset + size), shape },
      ]),
    );
    const found = [];
    for (let from = first; from < last; from += 250) {
      const to = Math.min(last, from + 250);
      const data = dataOf(images, from, to);
      const { terms } = await program.run({ ...frozen, x: { data, shape: [channels, height, width, to - from] } });
      for (let image = 0; image < to - from; image++) {
        found.push(Array.from({ length: size.scales }, (_, scale) => terms.data[scale * (to - from) + image]));
      }
    }
    return found;
  };
}

function lossSettings(channels) {
  const share = (channels * 1024) / 3072;
  return { weight: Number(flags.weight ?? 6000 * share), temperature: Number(flags.temperature ?? 1000 * share) };
}

/** Terms of both models, the outlier loss and its gradients on the first 64 images of each set. */
async function compare([folder, generalPath, normalPath, out]) {
  const count = 64;
  const normal = readImages(folder, "normal-train");
  const outliers = readImages(folder, "general");
  const flow = makeFlow({ ...normal.specification, ...size, architecture: "glow" });
  const [general, tuned] = [generalPath, normalPath].map((path) => weightsOf(flow, path));
  const termsOf = await compileTerms(flow);
  const likelihoods = await compileLikelihoods(flow, general, engine);
  const [x, y] = [normal, outliers].map((images) => dataOf(images, 0, count));
  const reference = await likelihoods.measure(y);
  const settings = lossSettings(normal.specification.channels);
  const update = { optimizer: optimizers.adamax, weightDecay: 0 };
  // With b1 = 0.9 the first moment after one step is a tenth of the gradient.
  const state = zeroState(tuned, update);
  const step = await compileStep(outlierLikelihood(flow, settings), count, state, update, engine);
  const { loss, measures } = await step.run({ x, outliers: y, reference }, optimizers.adamax.scalars(1e-3, 1));
  const gradient = step.state().optimizer[0].map((moment) => 10 * moment);
  const { channels, height, width } = normal.specification;
  const stored = (data, shape) => ({ shape, data: Float32Array.from(data) });
  const images = (data) => {
    const rows = new Float32Array(data.length);
    const dimensions = channels * height * width;
    for (let place = 0; place < dimensions; place++) {
      for (let image = 0; image < count; image++) rows[image * dimensions + place] = data[place * count + image];
    }
    return stored(rows, [count, channels, height, width]);
  };
  const tensors = {
    x: images(x),
    outliers: images(y),
    "terms.general": stored((await termsOf(general, normal, 0, count)).flat(), [count, size.scales]),
    "terms.normal": stored((await termsOf(tuned, normal, 0, count)).flat(), [count, size.scales]),
    weight: stored([settings.weight], []),
    temperature: stored([settings.temperature], []),
    loss: stored([loss], []),
    difference: stored([measures.outlierDifference], []),
    ...parameterTensors(layoutOf(flow.parameters), { trainable: gradient, fixed: tuned.fixed }, "gradient."),
  };
  writeFileSync(out, writeTensors({ tensors, metadata: {} }));
}

/** Fine-tunes as `outglow train --objective outlier --general-detector` does, from given weights, and looks at the test images on the way. */
async function fineTune([folder, generalPath, out]) {
  const seed = Number(flags.seed);
  const steps = Number(flags.steps);
  const prefix = flags.grey ? "grey-" : "";
  const anomalous = flags.grey ? ["mnist", "emnist-letters"] : ["mnist-m", "cifar-100"];
  const [normal, outliers, test, ...others] = ["normal-train", flags.general, "normal-test", ...anomalous].map((name) =>
    readImages(folder, prefix + name),
  );
  const { channels, height, width } = normal.specification;
  const flow = makeFlow({ ...normal.specification, ...size, architecture: "glow" });
  const general = weightsOf(flow, generalPath);
  const termsOf = await compileTerms(flow);
  const likelihoods = await compileLikelihoods(flow, general, engine);
  const key = randomKey(seed).fold("normal");
  const configuration = {
    input: { channels, height, width },
    batchSize: 64,
    optimizer: "adamax",
    weightDecay: 5e-5,
    clipNorm: null,
    augmentation: { flip: flags.flip, translate: 0 },
    evaluateEvery: Math.max(1, Math.round(steps / Number(flags.looks))),
    patience: 1000,
    memory: "auto",
  };
  const split = (images, share, name) => splitHeldOut(images.count, share, randomKey(seed).fold(name));
  const main = { images: normal, split: split(normal, 0.08, "normal") };
  const beside = { images: outliers, split: split(outliers, 0.02, "outliers") };
  const sets = { normal: test, ...Object.fromEntries(anomalous.map((name, index) => [name, others[index]])) };
  const references = {};
  for (const [name, images] of Object.entries(sets)) references[name] = await termsOf(general, images);
  const lookAt = async (parameters) => {
    const scores = {};
    for (const [name, images] of Object.entries(sets)) {
      const own = await termsOf(parameters, images);
      const apart = own.map((row, image) => row.map((value, scale) => value - references[name][image][scale]));
      const sum = (row) => row.reduce((total, value) => total + value, 0);
      scores[name] = {
        likelihood: own.map((row) => -sum(row)),
        ratio: apart.map((row) => -sum(row)),
        final: own.map((row) => -row.at(-1)),
        ...Object.fromEntries(
          Array.from({ length: size.scales }, (_, scale) => [`ratio-${scale}`, apart.map((row) => -row[scale])]),
        ),
      };
    }
    return Object.fromEntries(
      anomalous.map((name) => [
        name,
        Object.fromEntries(
          Object.entries(scores[name]).map(([score, values]) => [
            score,
            Number(auroc({ normal: scores.normal[score], anomalous: values }).toFixed(4)),
          ]),
        ),
      ]),
    );
  };
  const { parameters, progress } = await trainModel({
    start: general,
    objective: outlierLikelihood(flow, lossSettings(channels)),
    batches: makeBatchSource({ main, outliers: beside, general: likelihoods, configuration, key }),
    configuration,
    phase: {
      steps,
      seconds: null,
      learningRate: Number(flags.rate),
      warmup: 100,
      milestones: Number(flags.fall) < 1 ? [Math.floor(steps * Number(flags.fall))] : [],
      factor: 0.1,
    },
    key,
    engine,
    checkpointEvery: Number.POSITIVE_INFINITY,
    onStep: ({ step, heldOut, measures }) => {
      if (heldOut)
        console.log(
          JSON.stringify({
            event: "held out",
            seed,
            step,
            difference: measures.outlierDifference,
            loss: heldOut.loss,
            bits: heldOut.bitsPerDimension,
          }),
        );
    },
    checkpoints: {
      load: async () => undefined,
      save: async ({ progress: { step }, state }) => {
        console.log(JSON.stringify({ event: "last", seed, step, auroc: await lookAt(state.parameters) }));
      },
    },
  });
  console.log(
    JSON.stringify({
      event: "best",
      seed,
      step: progress.step,
      best: progress.best,
      bits: progress.bestBitsPerDimension,
      seconds: Math.round(progress.seconds),
      auroc: await lookAt(parameters),
    }),
  );
  writeFileSync(
    out,
    writeTensors({ tensors: parameterTensors(layoutOf(flow.parameters), parameters, ""), metadata: {} }),
  );
}

await { images: writeImages, compare, train: fineTune }[verb](paths);
