/**
 * What a job of many workers comes to when workers fail: a simulation by events, the same for the same seed. `bench/job-real.mjs` holds it against workers
 * that are really ended.
 *
 *     node bench/job-simulation.mjs [--images 1e9] [--shard 5120] [--workers 1000] [--cores Infinity] [--rate 200] [--spread 0.2] [--failures 0.1]
 *         [--restart 60] [--lease 30] [--start 5] [--seed 1] [--runs 1] [--json]
 *
 * `rate` is images a second of a worker that has a core and `spread` the standard deviation of the logarithm of a shard's time; `cores` are shared alike by
 * the workers that are at work; `failures` is how often a worker ends in an hour, `restart` after how many seconds another stands in its place,
 * `lease` how long its shard is nobody's, `start` what loading the detector takes. A shard that is given out again is scored in a process of its own,
 * which takes `start` once more. `runs` simulations of one seed after another tell means and standard deviations.
 */
import { parseArgs } from "node:util";
import { generator } from "./seeded-random.mjs";

const usual = {
  images: 1e9,
  shard: 5120,
  workers: 1000,
  cores: Number.POSITIVE_INFINITY,
  rate: 200,
  spread: 0.2,
  failures: 0.1,
  restart: 60,
  lease: 30,
  start: 5,
  seed: 1,
  runs: 1,
};
const options = Object.fromEntries(Object.keys(usual).map((name) => [name, { type: "string" }]));
const { values } = parseArgs({ options: { ...options, json: { type: "boolean" } } });
const { json, ...texts } = values;
const given = { ...usual, ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Number(text)])) };

const outcomes = Array.from({ length: given.runs }, (_, run) => simulate({ ...given, seed: given.seed + run }));
if (json) console.log(JSON.stringify(outcomes));
else console.log(describe(outcomes, given));

/** Runs a job to its end. Times in seconds; work in seconds of a core. */
function simulate({ images, shard, workers, cores, rate, spread, failures, restart, lease, start, seed }) {
  const random = generator(seed);
  const shards = Math.ceil(images / shard);
  const life = () => (failures === 0 ? Number.POSITIVE_INFINITY : (-Math.log(1 - random()) * 3600) / failures);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const clock = queue();
  // Whoever is at work gets on alike, so that one clock of work tells when each is done: it runs slower where cores are shared.
  const tasks = queue();
  let [now, worked, active] = [0, 0, 0];
  // Shards given out again stand behind those that were never given out.
  let fresh = shards;
  let again = 0;
  const idle = [];
  let [done, failed, begunAgain, lost, busy] = [0, 0, 0, 0, 0];

  const run = (worker, length, isShard, then) => {
    const task = { begun: worked, isShard, ends: true };
    worker.task = task;
    active++;
    tasks.add(worked + length, () => {
      if (!task.ends) return;
      active--;
      worker.task = undefined;
      then(length);
    });
  };
  const arrive = () => {
    const worker = { lives: true };
    const lifetime = life();
    if (Number.isFinite(lifetime)) clock.add(now + lifetime, () => die(worker));
    run(worker, start, false, () => next(worker));
  };
  const next = (worker) => {
    if (!worker.lives || done === shards) return;
    if (fresh === 0 && again === 0) {
      idle.push(worker);
      return;
    }
    const isFresh = fresh > 0;
    if (isFresh) fresh--;
    else {
      again--;
      begunAgain++;
    }
    // The mean is what it would be without spread.
    const length = (shard / rate) * Math.exp(spread * normal() - spread ** 2 / 2) + (isFresh ? 0 : start);
    run(worker, length, true, () => {
      done++;
      busy += length;
      next(worker);
    });
  };
  const die = (worker) => {
    worker.lives = false;
    failed++;
    const { task } = worker;
    if (task) {
      task.ends = false;
      active--;
      if (task.isShard) {
        lost += worked - task.begun;
        clock.add(now + lease, () => {
          again++;
          const waiting = idle.findIndex(({ lives }) => lives);
          if (waiting >= 0) next(idle.splice(waiting, 1)[0]);
        });
      }
    }
    clock.add(now + restart, arrive);
  };

  for (let worker = 0; worker < workers; worker++) arrive();
  while (done < shards) {
    const speed = active > cores ? cores / active : 1;
    const byWork = now + (tasks.first() - worked) / speed;
    if (byWork <= clock.first()) {
      worked = tasks.first();
      now = byWork;
      tasks.next();
    } else {
      worked += (clock.first() - now) * speed;
      now = clock.first();
      clock.next();
    }
  }
  return { shards, end: now, failed, begunAgain, lost, busy };
}

function describe(all, { workers, cores, images, rate }) {
  const ideal = images / (Math.min(workers, cores) * rate);
  const of = (measure, digits, unit) => {
    const numbers = all.map(measure);
    const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
    const deviation = Math.sqrt(
      numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, numbers.length - 1),
    );
    return `${mean.toFixed(digits)}${numbers.length > 1 ? ` (+- ${deviation.toFixed(digits)})` : ""}${unit}`;
  };
  return [
    `${all[0].shards} shards, ${workers} workers: ${of(({ end }) => end / 3600, 3, " hours")}, ${of(({ end }) => 100 * (end / ideal - 1), 1, " %")} more than without failures, starts and a last shard`,
    `${of(({ failed }) => failed, 0, "")} workers failed, ${of(({ begunAgain }) => begunAgain, 0, "")} shards were begun again; ${of(({ lost, busy }) => (100 * lost) / busy, 3, " %")} of the work was done twice`,
  ].join("\n");
}

/** Events in the order of their times: a binary heap. */
function queue() {
  const heap = [];
  const swap = (a, b) => {
    [heap[a], heap[b]] = [heap[b], heap[a]];
  };
  return {
    first: () => heap[0]?.time ?? Number.POSITIVE_INFINITY,
    add(time, run) {
      let at = heap.push({ time, run }) - 1;
      for (let up = (at - 1) >> 1; at > 0 && heap[up].time > heap[at].time; up = (at - 1) >> 1) {
        swap(at, up);
        at = up;
      }
    },
    next() {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length > 0) heap[0] = last;
      for (let at = 0; ; ) {
        const left = 2 * at + 1;
        let least = at;
        for (const child of [left, left + 1])
          if (child < heap.length && heap[child].time < heap[least].time) least = child;
        if (least === at) break;
        swap(at, least);
        at = least;
      }
      first.run();
    },
  };
}
