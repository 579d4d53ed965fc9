/**
 * Glow and PixelCNN++ at equal time: bits a dimension of test images, and how well likelihood, ratio, and ratio after the outlier loss tell anomalies.
 *
 *     npm run build && node bench/pixelcnn.mjs DATA FOLDER [--pair fashion] [--seconds 60] [--general-seconds 90] [--seeds 3] [--limit 1000]
 *
 * DATA holds a folder for each data set. Pairs are those of the experiments: `fashion` has letters as general images and digits as anomalies, `cifar` photographs and
 * coloured digits. An architecture has one general model; for every seed two models start from it, one trained plainly and one with the outlier loss, each for the
 * same time by the clock. What stands in FOLDER already is not trained again. A line of JSON a model on stdout.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { imageSizeOf, randomKey } from "outglow/base";
import { auroc, aurocInterval, bitsPerDimension, computeScore } from "outglow/score";
import { evaluateInDetail, openDetector } from "outglow/workflow";

const { values: flags, positionals } = parseArgs({
  options: {
    pair: { type: "string", default: "fashion" },
    seconds: { type: "string", default: "60" },
    "general-seconds": { type: "string", default: "90" },
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

/** What is as usual in the experiments, and what short trainings on held-out training images chose. */
const architectures = {
  glow: ["--depth=6", "--width=64", "--batch=64"],
  pixelcnn: ["--batch=32", "--learning-rate=0.004", "--warmup=20"],
};

const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

function train(out, ...args) {
  if (existsSync(join(out, "detector.json"))) return;
  const usual = ["--size=32", `--channels=${pair.channels}`, "--held-out=0.01", "--quiet", "--force", `--out=${out}`];
  const { status } = spawnSync(process.execPath, [command, "train", ...usual, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error(`training ${out} ended with ${status}`);
}

/** What the scores of a detector say of test images and anomalies. */
async function judge(location) {
  const detector = await openDetector(location, { threads: 2 });
  const { manifest } = detector;
  const { sets } = await evaluateInDetail(detector, {
    normal: `${data}/${pair.normal}#split=test,${some}`,
    anomalous: [{ name: "anomalies", location: pair.anomalous }],
    coders: false,
  });
  await detector.dispose();
  const scoresOf = (set, name) => Array.from(computeScore(name, sets.get(set).terms, manifest.calibration).values);
  const told = (name) => {
    const scores = { normal: scoresOf("normal", name), anomalous: scoresOf("anomalies", name) };
    return { auroc: auroc(scores), ...aurocInterval(scores, randomKey(0).fold(name)) };
  };
  const likelihoods = scoresOf("normal", "likelihood");
  const mean = likelihoods.reduce((sum, value) => sum - value, 0) / likelihoods.length;
  return {
    steps: manifest.models.normal.steps,
    testBits: bitsPerDimension(mean, imageSizeOf(manifest.input)),
    likelihood: told("likelihood"),
    ratio: told("ratio"),
  };
}

for (const [architecture, sizes] of Object.entries(architectures)) {
  if (flags.only && flags.only !== architecture) continue;
  const at = (name) => join(folder, `${flags.pair}-${architecture}-${name}`);
  const common = [`--architecture=${architecture}`, ...sizes];
  const general = `${data}/${pair.general}`;
  train(at("general"), "--as=general", `--general=${general}`, `--time=${flags["general-seconds"]}s`, ...common);
  for (let seed = 0; seed < Number(flags.seeds); seed++) {
    const own = [
      `--normal=${data}/${pair.normal}#split=train`,
      `--general-detector=${at("general")}`,
      `--time=${flags.seconds}s`,
      `--seed=${seed}`,
    ];
    for (const [name, more] of [
      ["plain", []],
      ["outlier", ["--objective=outlier", `--outliers=${general}`]],
    ]) {
      const load = loadavg()[0].toFixed(1);
      train(at(`${name}-${seed}`), ...common, ...own, ...more);
      const result = await judge(at(`${name}-${seed}`));
      console.log(JSON.stringify({ pair: flags.pair, architecture, seed, training: name, load, ...result }));
    }
  }
}
