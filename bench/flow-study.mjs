/**
 * Flows that might be stronger than Glow at equal processor time, those of `flow-candidates.mjs`, and Glow itself with other rates and batches (docs/experiments.md).
 *
 *     npm run build
 *     node bench/flow-study.mjs choose DATA [--pair fashion] [--steps 500] [--rate 1e-3] [--batch 64] [--falls 0.9] [--factor 0.1] [--only glow,mixture]
 *     node bench/flow-study.mjs judge DATA [--pair fashion] [--steps 500] [--general-steps 800] [--rate 1e-3] [--batch 64] [--only glow,mixture] [--seeds 3] [--limit 1000]
 *     node bench/flow-study.mjs check
 *
 * `choose` trains every flow from scratch and measures bits a dimension of held-out training images; it sees no test image. `judge` trains a general model a flow, from
 * which a normal model starts for every seed, and measures test images and anomalies. A flow has as many steps as cost what Glow's `--steps` do: what a step
 * costs is measured first, Glow's in batches of 64 and its own taking turns. The rate is multiplied by `--factor` at each of the shares `--falls` of the steps. `check` compares log-dets with the Jacobian. DATA holds a folder for each data set.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { imageSizeOf, randomKey } from "outglow/base";
import { dequantize, loadImages, openImages } from "outglow/data";
import { add, concatenate, input, makeGraph, reshape } from "outglow/graph";
import { layoutOf, packArrays, parameterInputs } from "outglow/nn";
import { learningRateAt, optimizers } from "outglow/optim";
import { nodeEngine } from "outglow/runtime";
import { auroc, aurocInterval } from "outglow/score";
import { adaptToData, compileStep, maximumLikelihood, zeroState } from "outglow/train";
import { flowOf, variants } from "./flow-candidates.mjs";

const { values: flags, positionals } = parseArgs({
  options: {
    pair: { type: "string", default: "fashion" },
    steps: { type: "string", default: "500" },
    "general-steps": { type: "string", default: "800" },
    rate: { type: "string", default: "1e-3" },
    batch: { type: "string", default: "64" },
    only: { type: "string" },
    seeds: { type: "string", default: "3" },
    limit: { type: "string", default: "1000" },
    images: { type: "string", default: "10000" },
    falls: { type: "string", default: "0.9" },
    factor: { type: "string", default: "0.1" },
  },
  allowPositionals: true,
});
const [verb, data] = positionals;

const pairs = {
  fashion: { channels: 1, normal: "fashion-mnist", general: "emnist-letters", anomalous: "mnist#split=test," },
  cifar: { channels: 3, normal: "cifar-10", general: "tiny-imagenet", anomalous: "mnist-m#" },
};
const pair = pairs[flags.pair];
const shape = { channels: pair.channels, height: 32, width: 32 };
const size = { ...shape, scales: 3, depth: 6, hidden: 64 };
const engine = nodeEngine({ threads: 1, device: "cpu" });
const batchSize = Number(flags.batch);

const chosen = flags.only ? flags.only.split(",") : Object.keys(variants);
const update = { optimizer: optimizers.adamax, weightDecay: 5e-5, clipNorm: undefined };
const pixelsOf = imageSizeOf(shape);

async function imagesAt(location) {
  const { count, pixels } = await loadImages(await openImages(`${data}/${location}`, location), shape, {});
  return { count, pixels };
}

const rowsOf = ({ pixels }, indices) => {
  const rows = new Uint8Array(indices.length * pixelsOf);
  for (const [row, index] of indices.entries())
    rows.set(pixels.subarray(index * pixelsOf, (index + 1) * pixelsOf), row * pixelsOf);
  return rows;
};

function countsOf({ pixels }) {
  const counts = new Array(256).fill(0);
  for (const level of pixels) counts[level]++;
  return counts;
}

/** A batch of images drawn at random, with noise inside their levels. */
function batchOf(images, count, key) {
  const stream = key.fold("order").stream();
  const indices = Array.from({ length: count }, () => Math.floor(stream.uniform() * images.count));
  return dequantize(rowsOf(images, indices), shape, key.fold("noise").stream());
}

async function freshOf(flow, images, key) {
  const drawn = packArrays(flow.parameters, flow.createParameters(key.fold("parameters")));
  return adaptToData(flow, drawn, batchOf(images, 704, key.fold("adaptation")), engine);
}

const seconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function stepOf(flow, start, count = batchSize) {
  const state = zeroState({ ...start, trainable: start.trainable.slice() }, update);
  return compileStep(maximumLikelihood(flow), count, state, { ...update, memory: "fast" }, engine);
}

/** What a step of a variant costs beside one of Glow in batches of 64, in processor time: the two take turns, the middle of nine ratios counts. */
async function costOf(name, images) {
  if (name === "glow" && batchSize === 64) return 1;
  const counts = countsOf(images);
  const runs = [];
  for (const [each, count] of [
    ["glow", 64],
    [name, batchSize],
  ]) {
    const flow = flowOf(each, size, counts);
    const step = await stepOf(flow, await freshOf(flow, images, randomKey(0)), count);
    runs.push({ step, x: batchOf(images, count, randomKey(0)) });
  }
  const once = async ({ step, x }) => {
    const before = seconds();
    await step.run({ x }, update.optimizer.scalars(1e-5, 1));
    return seconds() - before;
  };
  const ratios = [];
  for (let round = -2; round < 9; round++) {
    const [glow, own] = [await once(runs[0]), await once(runs[1])];
    if (round >= 0) ratios.push(own / glow);
  }
  for (const { step } of runs) await step.dispose();
  return ratios.sort((a, b) => a - b)[4];
}

/** Trains from `start`; `look` sees the parameters at some steps. */
async function train(flow, start, images, steps, key, look = async () => {}) {
  const step = await stepOf(flow, start);
  const warmup = Math.min(100, Math.round(steps / 5));
  const schedule = {
    learningRate: Number(flags.rate),
    warmup,
    milestones: flags.falls.split(",").map((share) => Math.round(Number(share) * steps)),
    factor: Number(flags.factor),
  };
  let spent = 0;
  let skipped = 0;
  for (let at = 0; at < steps; at++) {
    const x = batchOf(images, batchSize, key.fold("batch").fold(at));
    const before = seconds();
    const { applied } = await step.run({ x }, update.optimizer.scalars(learningRateAt(schedule, at), at + 1));
    spent += seconds() - before;
    if (!applied) skipped++;
    await look(at + 1, step.state().parameters);
  }
  const { parameters } = step.state();
  const result = { parameters: { ...parameters, trainable: parameters.trainable.slice() }, spent, skipped };
  await step.dispose();
  return result;
}

/** The inputs of a graph that are a flow's parameters. */
function buffersOf(flow, parameters) {
  const entries = layoutOf(flow.parameters).entries.map(({ name, shape: own, trainable, offset, size: length }) => {
    const data = (trainable ? parameters.trainable : parameters.fixed).subarray(offset, offset + length);
    return [name, { data, shape: own }];
  });
  return Object.fromEntries(entries);
}

/** Terms of every scale, [N][scales], of images, 128 at a time. */
async function compileTerms(flow) {
  const count = 128;
  const graph = makeGraph();
  const values = parameterInputs(graph, flow.parameters);
  const { terms } = flow.normalize(values, input(graph, "x", [shape.channels, shape.height, shape.width, count]));
  const rows = terms.map(({ logDet, prior }) => reshape(add(prior, logDet), [1, count]));
  const program = await engine.compile({ terms: concatenate(rows, 0) });
  return async (parameters, images, noise) => {
    const frozen = buffersOf(flow, parameters);
    const found = [];
    for (let from = 0; from < images.count; from += count) {
      const indices = Array.from({ length: count }, (_, at) => Math.min(images.count - 1, from + at));
      const x = dequantize(rowsOf(images, indices), shape, noise?.fold(from).stream());
      const all = await program.run({
        ...frozen,
        x: { data: x, shape: [shape.channels, shape.height, shape.width, count] },
      });
      for (let at = 0; at < Math.min(count, images.count - from); at++)
        found.push(terms.map((_, scale) => all.terms.data[scale * count + at]));
    }
    return found;
  };
}

const sum = (row) => row.reduce((total, value) => total + value, 0);
const mean = (values) => sum(values) / values.length;
/** Bits a dimension of terms in nats. */
const bitsOf = (terms) => 8 - mean(terms.map(sum)) / pixelsOf / Math.log(2);
const short = (value) => Number(value.toFixed(4));
const tell = (line) => console.log(JSON.stringify({ pair: flags.pair, ...line, load: short(loadavg()[0]) }));

async function choose() {
  const all = await imagesAt(`${pair.normal}#split=train,limit=${flags.images},seed=1`);
  const heldOut = { count: 512, pixels: all.pixels.subarray(0, 512 * pixelsOf) };
  const images = { count: all.count - 512, pixels: all.pixels.subarray(512 * pixelsOf) };
  const key = randomKey(0);
  for (const name of chosen) {
    const cost = await costOf(name, images);
    const steps = Math.round(Number(flags.steps) / cost);
    const flow = flowOf(name, size, countsOf(images));
    const termsOf = await compileTerms(flow);
    const looks = [0.25, 0.5, 1].map((share) => Math.round(share * steps));
    const bits = [];
    const start = await freshOf(flow, images, key);
    const { parameters, skipped, spent } = await train(flow, start, images, steps, key, async (step, now) => {
      if (looks.includes(step)) bits.push(short(bitsOf(await termsOf(now, heldOut, randomKey(7)))));
    });
    const middle = short(bitsOf(await termsOf(parameters, heldOut)));
    tell({
      flow: name,
      rate: Number(flags.rate),
      batch: batchSize,
      cost: short(cost),
      steps,
      bits,
      middle,
      skipped,
      spent,
    });
  }
}

async function judge() {
  const some = `limit=${flags.limit},seed=1`;
  const general = await imagesAt(`${pair.general}#limit=${flags.images},seed=1`);
  const images = await imagesAt(`${pair.normal}#split=train,limit=${flags.images},seed=1`);
  const test = await imagesAt(`${pair.normal}#split=test,${some}`);
  const anomalous = await imagesAt(`${pair.anomalous}${some}`);
  for (const name of chosen) {
    const cost = await costOf(name, images);
    const stepsOf = (count) => Math.round(Number(count) / cost);
    const flow = flowOf(name, size, countsOf(general));
    const termsOf = await compileTerms(flow);
    const key = randomKey(0).fold("general");
    const base = await train(flow, await freshOf(flow, general, key), general, stepsOf(flags["general-steps"]), key);
    const reference = [await termsOf(base.parameters, test), await termsOf(base.parameters, anomalous)];
    for (let seed = 0; seed < Number(flags.seeds); seed++) {
      const own = await train(flow, base.parameters, images, stepsOf(flags.steps), randomKey(seed).fold("normal"));
      const terms = [await termsOf(own.parameters, test), await termsOf(own.parameters, anomalous)];
      const told = (of) => {
        const [normal, anomalies] = terms.map((rows, set) => rows.map((row, image) => of(row, reference[set][image])));
        const scores = { normal, anomalous: anomalies };
        const { low, high } = aurocInterval(scores, randomKey(0));
        return [auroc(scores), low, high].map(short);
      };
      tell({
        flow: name,
        seed,
        cost: short(cost),
        steps: stepsOf(flags.steps),
        spent: own.spent,
        skipped: own.skipped + base.skipped,
        middle: short(bitsOf(terms[0])),
        bits: short(bitsOf(await termsOf(own.parameters, test, randomKey(7)))),
        likelihood: told((row) => -sum(row)),
        ratio: told((row, before) => sum(before) - sum(row)),
        final: told((row) => -row.at(-1)),
        finalRatio: told((row, before) => before.at(-1) - row.at(-1)),
      });
    }
  }
}

/** log |det J| of the latents of one small image by central differences: [D][D] to a number, by elimination with the largest pivots. */
function logDeterminant(rows) {
  let total = 0;
  for (let column = 0; column < rows.length; column++) {
    const below = rows.slice(column);
    const pivot = below.reduce((best, row) => (Math.abs(row[column]) > Math.abs(best[column]) ? row : best));
    const at = rows.indexOf(pivot);
    [rows[column], rows[at]] = [rows[at], rows[column]];
    total += Math.log(Math.abs(pivot[column]));
    for (const row of rows.slice(column + 1)) {
      const factor = row[column] / pivot[column];
      for (let other = column; other < rows.length; other++) row[other] -= factor * pivot[other];
    }
  }
  return total;
}

/** The log-det of a small flow of every variant beside that of its Jacobian, its parameters moved from where they start. */
async function check() {
  const small = { channels: 1, height: 8, width: 8, scales: 3, depth: 6, hidden: 8 };
  const dimensions = imageSizeOf(small);
  const [count, step] = [2 * dimensions + 1, 0.002];
  const stream = randomKey(1).stream();
  const centre = Float32Array.from({ length: dimensions }, () => stream.uniform() - 0.5);
  for (const name of chosen) {
    const flow = flowOf(name, small, new Array(256).fill(1));
    const vectors = packArrays(flow.parameters, flow.createParameters(randomKey(0)));
    for (let at = 0; at < vectors.trainable.length; at++) vectors.trainable[at] += 0.1 * (stream.uniform() - 0.5);
    const graph = makeGraph();
    const shapeOfX = [small.channels, small.height, small.width, count];
    const { latents, terms } = flow.normalize(parameterInputs(graph, flow.parameters), input(graph, "x", shapeOfX));
    const logDet = terms.map((term) => term.logDet).reduce((sofar, value) => add(sofar, value));
    const rows = latents.map((latent) => reshape(latent, [latent.shape.slice(0, 3).reduce((a, b) => a * b), count]));
    const program = await engine.compile({ z: concatenate(rows, 0), logDet });
    const x = new Float32Array(dimensions * count);
    for (const [at, value] of centre.entries()) {
      x.fill(value, at * count, (at + 1) * count);
      x[at * count + 2 * at + 1] += step;
      x[at * count + 2 * at + 2] -= step;
    }
    const found = await program.run({ ...buffersOf(flow, vectors), x: { data: x, shape: shapeOfX } });
    const jacobian = Array.from({ length: dimensions }, (_, to) =>
      Array.from({ length: dimensions }, (_, from) => {
        const [up, down] = [1, 2].map((side) => found.z.data[to * count + 2 * from + side]);
        return (up - down) / (2 * step);
      }),
    );
    tell({ flow: name, logDet: found.logDet.data[0], jacobian: logDeterminant(jacobian) });
  }
}

await { choose, judge, check }[verb]();
