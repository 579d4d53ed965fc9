/**
 * What a job of many workers comes to when workers fail: a simulation by events, the same for the same seed.
 *
 *     node bench/job-simulation.mjs [--images 1e9] [--shard 5120] [--workers 1000] [--rate 200] [--spread 0.2] [--failures 0.1] [--restart 60]
 *         [--lease 30] [--start 5] [--seed 1]
 *
 * `rate` is images a second of a worker and `spread` the standard deviation of the logarithm of a shard's time; `failures` is how often a worker ends
 * in an hour, `restart` after how many seconds another stands in its place, `lease` how long its shard is nobody's, `start` what loading the
 * detector takes. A shard that is given out again is scored in a process of its own, which takes `start` once more.
 */
import { parseArgs } from "node:util";

const usual = {
  images: 1e9,
  shard: 5120,
  workers: 1000,
  rate: 200,
  spread: 0.2,
  failures: 0.1,
  restart: 60,
  lease: 30,
  start: 5,
  seed: 1,
};
const { values } = parseArgs({
  options: Object.fromEntries(Object.keys(usual).map((name) => [name, { type: "string" }])),
});
const given = { ...usual, ...Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)])) };

console.log(describe(simulate(given), given));

/** Runs a job to its end. Times in seconds. */
function simulate({ images, shard, workers, rate, spread, failures, restart, lease, start, seed }) {
  const random = generator(seed);
  const shards = Math.ceil(images / shard);
  const life = () => (failures === 0 ? Number.POSITIVE_INFINITY : (-Math.log(1 - random()) * 3600) / failures);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const events = queue();
  // Shards given out again stand behind those that were never given out.
  let fresh = shards;
  const again = [];
  const idle = [];
  let [done, failed, lost, busy, end] = [0, 0, 0, 0, 0];
  const begin = (worker, now) => {
    const isFresh = fresh > 0;
    if (!isFresh && again.length === 0) {
      idle.push(worker);
      return;
    }
    if (isFresh) fresh--;
    else again.pop();
    // The mean is what it would be without spread.
    const length = (shard / rate) * Math.exp(spread * normal() - spread ** 2 / 2) + (isFresh ? 0 : start);
    if (now + length < worker.dies) events.add(now + length, () => finish(worker, now + length, length));
    else events.add(worker.dies, () => die(worker.dies, worker.dies - now, true));
  };
  const finish = (worker, now, length) => {
    done++;
    busy += length;
    end = now;
    if (done < shards) begin(worker, now);
  };
  const die = (now, worked) => {
    failed++;
    lost += worked;
    events.add(now + lease, () => {
      again.push(1);
      const waiting = idle.pop();
      if (waiting) revive(waiting, now + lease);
    });
    events.add(now + restart, () => arrive(now + restart));
  };
  const revive = (worker, now) => (worker.dies > now ? begin(worker, now) : arrive(now + restart));
  const arrive = (now) => begin({ dies: now + start + life() }, now + start);
  for (let worker = 0; worker < workers; worker++) arrive(0);
  while (done < shards) events.next();
  return { shards, end, failed, lost, busy };
}

function describe({ shards, end, failed, lost, busy }, { workers, images, rate }) {
  const ideal = images / (workers * rate);
  return [
    `${shards} shards, ${workers} workers: ${(end / 3600).toFixed(3)} hours, ${(100 * (end / ideal - 1)).toFixed(1)} % more than without failures, starts and a last shard`,
    `${failed} workers failed; ${((100 * lost) / busy).toFixed(3)} % of the work was done twice`,
    `workers were at work ${((100 * (busy + lost)) / (workers * end)).toFixed(1)} % of the time`,
  ].join("\n");
}

/** From 0 to 1, the same for the same seed (mulberry32). */
function generator(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Events in the order of their times: a binary heap. */
function queue() {
  const heap = [];
  const swap = (a, b) => ([heap[a], heap[b]] = [heap[b], heap[a]]);
  return {
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
