/**
 * Glow and PixelCNN++ at equal processor time: bits a dimension of test images, and how well likelihood, ratio, and ratio after the outlier loss tell anomalies.
 *
 *     npm run build && node bench/pixelcnn.mjs DATA FOLDER [--pair fashion] [--work 60] [--general-work 100] [--seeds 3] [--limit 1000]
 *
 * DATA holds a folder for each data set. Pairs are those of the experiments: `fashion` has letters as general images and digits as anomalies, `cifar` photographs and
 * coloured digits. An architecture has one general model; for every seed two models start from it, one trained plainly and one with the outlier loss. Every model has as many
 * steps as fit into its work, in seconds of processor time (two idle cores take half of that): what a step costs is measured first, so that a busy machine changes little.
 * What stands in FOLDER already is not trained again. A line of JSON a model on stdout.
 */
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { imageSizeOf, randomKey } from "outglow/base";
import { defaultSizes, makeFlow } from "outglow/flow";
import { packArrays } from "outglow/nn";
import { optimizers } from "outglow/optim";
import { nodeEngine } from "outglow/runtime";
import { compileLikelihoods, compileStep, maximumLikelihood, outlierLikelihood, zeroState } from "outglow/train";
import { judge, trainOnce } from "./judged-detector.mjs";

const { values: flags, positionals } = parseArgs({
  options: {
    pair: { type: "string", default: "fashion" },
    work: { type: "string", default: "60" },
    "general-work": { type: "string", default: "100" },
    seeds: { type: "string", default: "3" },
    limit: { type: "string", default: "1000" },
    only: { type: "string" },
  },
  allowPositionals: true,
});
const [data, folder] = positionals;
const some = `limit=${flags.limit},seed=1`;

const pairs = {
  fashion: {
    normal: "fashion-mnist",
    general: "emnist-letters",
    anomalous: `${data}/mnist#split=test,${some}`,
    channels: 1,
  },
  cifar: { normal: "cifar-10", general: "tiny-imagenet", anomalous: `${data}/mnist-m#${some}`, channels: 3 },
};
const pair = pairs[flags.pair];
const input = { channels: pair.channels, height: 32, width: 32 };

/** Glow as is usual in the experiments, PixelCNN++ as short trainings on held-out training images chose. */
const architectures = {
  glow: { depth: 6, hidden: 64, batch: 64, more: [] },
  pixelcnn: { ...defaultSizes("pixelcnn"), batch: 32, more: ["--learning-rate=0.004", "--warmup=20"] },
};

const engine = nodeEngine({ threads: 2, device: "cpu" });

/** Seconds of processor time of one of some calls, after two more. */
async function costOf(run, calls = 6) {
  for (let call = 0; call < 2; call++) await run();
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call++) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / calls;
}

/** What a step of an architecture costs, plainly and with the outlier loss. */
async function costsOf(architecture) {
  const { depth, hidden, batch } = architectures[architecture];
  const { scales } = defaultSizes(architecture);
  const flow = makeFlow({ architecture, ...input, scales, depth, hidden });
  const parameters = packArrays(flow.parameters, flow.createParameters(randomKey(0)));
  const x = Float32Array.from({ length: imageSizeOf(input) * batch }, (_, at) => ((at % 251) + 0.5) / 256 - 0.5);
  const stepCost = async (objective, batchInputs) => {
    const update = { optimizer: optimizers.adamax, weightDecay: 5e-5, clipNorm: undefined };
    const step = await compileStep(objective, batch, zeroState(parameters, update), update, engine);
    const cost = await costOf(() => step.run(batchInputs, optimizers.adamax.scalars(1e-4, 1)));
    await step.dispose();
    return cost;
  };
  const plain = await stepCost(maximumLikelihood(flow), { x });
  const loss = outlierLikelihood(flow, { weight: 1, temperature: 1000 });
  const withOutliers = await stepCost(loss, { x, outliers: x, reference: new Float32Array(batch) });
  const likelihoods = await compileLikelihoods(flow, parameters, engine);
  const reference = await costOf(() => likelihoods.measure(x));
  await likelihoods.dispose();
  return { plain, outlier: withOutliers + reference };
}

/** A model of the pair, where none stands at its place. */
function train(out, ...args) {
  trainOnce(out, "--size=32", `--channels=${pair.channels}`, "--held-out=0.01", ...args);
}

for (const [architecture, { depth, hidden, batch, more }] of Object.entries(architectures)) {
  if (flags.only && flags.only !== architecture) continue;
  const costs = await costsOf(architecture);
  const stepsFor = (seconds, kind) => `--steps=${Math.max(1, Math.round(Number(seconds) / costs[kind]))}`;
  const at = (name) => join(folder, `${flags.pair}-${architecture}-${name}`);
  const common = [
    `--architecture=${architecture}`,
    `--depth=${depth}`,
    `--width=${hidden}`,
    `--batch=${batch}`,
    ...more,
  ];
  const general = `${data}/${pair.general}`;
  train(at("general"), "--as=general", `--general=${general}`, stepsFor(flags["general-work"], "plain"), ...common);
  for (let seed = 0; seed < Number(flags.seeds); seed++) {
    const own = [
      `--normal=${data}/${pair.normal}#split=train`,
      `--general-detector=${at("general")}`,
      `--seed=${seed}`,
    ];
    for (const [name, args] of [
      ["plain", []],
      ["outlier", ["--objective=outlier", `--outliers=${general}`]],
    ]) {
      train(at(`${name}-${seed}`), ...common, ...own, stepsFor(flags.work, name), ...args);
      const result = await judge(at(`${name}-${seed}`), {
        normal: `${data}/${pair.normal}#split=test,${some}`,
        anomalous: [{ name: "anomalies", location: pair.anomalous }],
        scores: ["likelihood", "ratio"],
      });
      const load = loadavg()[0].toFixed(1);
      console.log(
        JSON.stringify({ pair: flags.pair, architecture, seed, training: name, cost: costs[name], load, ...result }),
      );
    }
  }
}
