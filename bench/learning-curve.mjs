/**
 * What is found against the number of normal images, and against the length of training.
 *
 *     npm run build && node bench/learning-curve.mjs DATA FOLDER [--pair fashion] [--seeds 3] [--images 50,100,300,1000,10000] [--steps 600] [--lengths 60,200,2000] [--threads 1]
 *
 * DATA holds a folder for each data set. A pair has one general model, of the images that the program makes itself; from it start, for every seed, a normal model of each number of images
 * (drawn by the seed, a tenth of them held out) trained for `steps`, and one of the largest number for each of the lengths. Models of depth 6 and width 64. What stands in FOLDER already is
 * not trained again, and what was begun goes on. A line of JSON a model on stdout.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { judge, trainOnce } from "./judged-detector.mjs";

const { values: flags, positionals } = parseArgs({
  options: {
    pair: { type: "string", default: "fashion" },
    seeds: { type: "string", default: "3" },
    images: { type: "string", default: "50,100,300,1000,10000" },
    steps: { type: "string", default: "600" },
    lengths: { type: "string", default: "60,200,2000" },
    "general-steps": { type: "string", default: "2000" },
    limit: { type: "string", default: "1000" },
    threads: { type: "string", default: "1" },
  },
  allowPositionals: true,
});
const [data, folder] = positionals;
const some = `limit=${flags.limit},seed=1`;
const numbers = (list) => list.split(",").map(Number);

const pairs = {
  fashion: {
    normal: "fashion-mnist",
    anomalous: { digits: `mnist#split=test,${some}`, letters: `emnist-letters#${some}` },
    more: ["--channels=1"],
  },
  cifar: {
    normal: "cifar-10",
    anomalous: { "mnist-m": `mnist-m#${some}`, "cifar-100": `cifar-100#${some}` },
    more: ["--channels=3", "--flip"],
  },
};
const pair = pairs[flags.pair];
const normal = join(data, pair.normal);
const usual = ["--size=32", "--depth=6", "--width=64", "--batch=64", `--threads=${flags.threads}`, ...pair.more];

const general = join(folder, `${flags.pair}-general`);
trainOnce(general, "--as=general", "--general=builtin", `--steps=${flags["general-steps"]}`, ...usual);

const counts = numbers(flags.images);
const points = [
  ...counts.map((images) => ({ images, steps: Number(flags.steps) })),
  ...numbers(flags.lengths).map((steps) => ({ images: Math.max(...counts), steps })),
];
for (let seed = 0; seed < Number(flags.seeds); seed++) {
  for (const { images, steps } of points) {
    const out = join(folder, `${flags.pair}-${images}-${steps}-${seed}`);
    const drawn = `${normal}#split=train,limit=${images},seed=${seed}`;
    const warmup = Math.min(100, Math.floor(steps / 10));
    const own = [`--steps=${steps}`, `--warmup=${warmup}`, "--evaluate-every=20", `--seed=${seed}`];
    const begun = performance.now();
    trainOnce(out, `--normal=${drawn}`, `--general-detector=${general}`, ...usual, ...own);
    const seconds = Math.round((performance.now() - begun) / 1000);
    const result = await judge(out, {
      normal: `${normal}#split=test,${some}`,
      anomalous: Object.entries(pair.anomalous).map(([name, location]) => ({ name, location: join(data, location) })),
      scores: ["likelihood", "ratio", "hierarchy", "joined"],
      threads: Number(flags.threads),
    });
    console.log(JSON.stringify({ pair: flags.pair, images, asked: steps, seed, seconds, ...result }));
  }
}
