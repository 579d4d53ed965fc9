/**
 * A service under load on this machine, beside the rate at which a process of its own scores the same images:
 *
 *     npm run build && node bench/service-load.mjs [--minutes 10] [--seconds 12] [--detector FOLDER]... [--workers 1] [--threads 1]
 *
 * Without detectors two are made, hardly trained, for speed does not depend on the weights: one of the size of the quickstart's (grey), and a
 * colour one of depth 8 and width 128. Of each: throughput, and latency at half of it. Of the last: four times as much as it can do, for minutes.
 * Every answer is compared with what `predict` says: to the bit where 16 images come and are scored together, to 1e-4 nats in 1 otherwise.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadDetector, predict, train } from "outglow";
import { randomKey } from "outglow/base";
import { prepareImage, writeImages } from "outglow/data";
import { makeImages } from "outglow/made";
import { decisionOf, judgeImages } from "outglow/workflow";

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seconds: { type: "string", default: "12" },
    detector: { type: "string", multiple: true },
    workers: { type: "string", default: "1" },
    threads: { type: "string", default: "1" },
    alone: { type: "string" },
  },
});
const [seconds, minutes, workers, threads] = ["seconds", "minutes", "workers", "threads"].map((name) => +options[name]);
const batch = 16;
const groups = 8;
const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const now = () => performance.now() / 1000;

/** The images of a folder of groups: files, and their pixels as the detector takes them. */
async function readGroups(folder, input) {
  return Promise.all(
    (await readdir(folder)).sort().map(async (name) => {
      const names = (await readdir(join(folder, name))).sort();
      const files = await Promise.all(names.map((file) => readFile(join(folder, name, file))));
      const prepared = await Promise.all(files.map((bytes) => prepareImage({ kind: "encoded", bytes }, input)));
      return { path: join(folder, name), names, files, pixels: Buffer.concat(prepared.map(({ pixels }) => pixels)) };
    }),
  );
}

/** Images a second of a loop by itself: from pixels in memory, and from files in memory. Runs in a process of its own. */
async function scoreAlone(folder, images) {
  const detector = await loadDetector(folder, { threads });
  const all = await readGroups(images, detector.manifest.input);
  const decision = decisionOf(detector, { falseAlarm: 0.5 });
  const score = async (pixels, names) => {
    const terms = await detector.terms(pixels, { coders: false });
    judgeImages(detector, decision, { names, terms, pixels });
  };
  const rate = async (work) => {
    for (const group of all) await work(group);
    const started = now();
    let count = 0;
    const before = process.cpuUsage();
    for (; now() - started < seconds; count++) await work(all[count % all.length]);
    const { user, system } = process.cpuUsage(before);
    const images = count * batch;
    return { rate: images / (now() - started), processor: (user + system) / 1000 / images };
  };
  const pixels = await rate((group) => score(group.pixels, group.names));
  const files = await rate(async (group) => {
    const prepared = [];
    for (const bytes of group.files)
      prepared.push(await prepareImage({ kind: "encoded", bytes }, detector.manifest.input));
    await score(Buffer.concat(prepared.map((one) => one.pixels)), group.names);
  });
  await detector.dispose();
  process.send({ pixels, files });
}

if (options.alone) {
  await scoreAlone(...JSON.parse(options.alone));
  process.exit(0);
}

/** Seconds of processor time of a process, as Linux counts them in hundredths. */
async function processorTime(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "")).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

/** Starts the service as it is installed, and waits until it is ready. */
async function startService(detectors) {
  const args = ["serve", detectors, "--port=0", `--workers=${workers}`, `--threads=${threads}`];
  const child = fork(program, args, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  const pids = new Set();
  const events = new Map();
  createInterface({ input: child.stderr }).on("line", (line) => {
    const { event, pid } = JSON.parse(line);
    events.set(event, (events.get(event) ?? 0) + 1);
    if (event === "worker-started") pids.add(pid);
    if (event === "worker-ended") pids.delete(pid);
  });
  const url = await new Promise((resolve) => void createInterface({ input: child.stdout }).once("line", resolve));
  while ((await fetch(`${url}/v2/health/ready`)).status !== 200);
  const memory = async (pid) => {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  };
  return {
    ...{ url, events },
    /** Processor time so far, seconds: of the service and of its engines. */
    async processorTimes() {
      return [
        await processorTime(child.pid),
        (await Promise.all([...pids].map(processorTime))).reduce((a, b) => a + b),
      ];
    },
    async memories() {
      return {
        service: await memory(child.pid),
        engines: (await Promise.all([...pids].map(memory))).reduce((a, b) => a + b),
      };
    },
    async stop() {
      child.kill();
      await once(child, "exit");
    },
  };
}

/** Requests of three kinds, each with the scores that are right, in turns. */
function requestsOf(id, all, expected, input) {
  const { channels, height, width } = input;
  const sides = [channels, height, width];
  const inference = `/v2/models/${id}/infer`;
  const binary = (pixels, shape) => {
    const parameters = { binary_data_size: pixels.length };
    const outputs = [{ name: "score", parameters: { binary_data: true } }];
    const json = Buffer.from(
      JSON.stringify({ inputs: [{ name: "images", datatype: "UINT8", shape, parameters }], outputs }),
    );
    const headers = { "content-type": "application/octet-stream", "inference-header-content-length": json.length };
    return { path: inference, headers, body: Buffer.concat([json, pixels]) };
  };
  const bytesOf = ({ headers }, body) => {
    const tail = body.subarray(Number(headers["inference-header-content-length"]));
    return Array.from({ length: tail.length / 8 }, (_, index) => tail.readDoubleLE(8 * index));
  };
  const predict = `/api/detectors/${id}:predict`;
  const imagesOf = (_, body) => JSON.parse(body).images.map(({ score }) => score);
  const form = ({ files, names }) => {
    const parts = files.flatMap((bytes, index) => [
      Buffer.from(`--x\r\nContent-Disposition: form-data; name="images"; filename="${names[index]}"\r\n\r\n`),
      ...[bytes, Buffer.from("\r\n")],
    ]);
    return Buffer.concat([...parts, Buffer.from("--x--\r\n")]);
  };
  const wholes = all.map((group, index) => ({
    ...binary(group.pixels, [batch, ...sides]),
    ...{ scores: expected[index], read: bytesOf },
  }));
  const files = all.map((group, index) => ({
    ...{ path: predict, headers: { "content-type": "multipart/form-data; boundary=x" }, body: form(group) },
    ...{ scores: expected[index], read: imagesOf },
  }));
  const singles = all.flatMap((group, index) =>
    group.files.map((body, at) => ({
      ...{ path: predict, headers: { "content-type": "image/png" }, body },
      ...{ scores: [expected[index][at]], read: imagesOf },
    })),
  );
  return { wholes, files, singles };
}

/** A caller with as many connections as a service lets in. Counts what comes back, and whether it is right. */
function openCaller(url, exact) {
  const agent = new Agent({ keepAlive: true, maxSockets: 2048 });
  const tally = { answers: new Map(), images: 0, wrong: 0, furthest: 0, inFlight: 0 };
  const count = (what) => tally.answers.set(what, (tally.answers.get(what) ?? 0) + 1);
  const send = ({ path, headers, body, scores, read }) =>
    new Promise((resolve) => {
      tally.inFlight++;
      const done = (what) => {
        tally.inFlight--;
        count(what);
        resolve(what);
      };
      const all = { ...headers, "content-length": body.length };
      const sent = request(`${url}${path}`, { agent, method: "POST", headers: all }, (response) => {
        const chunks = [];
        response.on("data", (chunk) => void chunks.push(chunk));
        response.on("error", (error) => done(error.code));
        response.on("end", () => {
          if (response.statusCode === 200) {
            const got = read(response, Buffer.concat(chunks));
            tally.images += got.length;
            const off = Math.max(...scores.map((score, index) => Math.abs(got[index] - score) / Math.abs(score)));
            tally.furthest = Math.max(tally.furthest, off);
            if (got.length !== scores.length || !(off <= (exact ? 0 : 1e-4))) tally.wrong++;
          }
          done(response.statusCode);
        });
      });
      sent.on("error", (error) => done(error.code));
      sent.end(body);
    });
  return { tally, send, close: () => agent.destroy() };
}

/** So many requests at a time, each followed by the next, for some seconds: images a second. */
async function closedLoop(url, requests, atOnce, length, exact = false) {
  const caller = openCaller(url, exact);
  let next = 0;
  const started = now();
  const go = async () => {
    while (now() - started < length) await caller.send(requests[next++ % requests.length]);
  };
  await Promise.all(Array.from({ length: atOnce }, go));
  caller.close();
  return { rate: caller.tally.images / (now() - started), ...caller.tally };
}

/** So many requests a second, whatever becomes of them, at seeded random times: latencies in ms, counted from when each was due. */
async function openLoop(url, requests, rate, length, onSecond = () => undefined) {
  const caller = openCaller(url, false);
  const stream = randomKey(1).fold("arrivals").stream();
  const latencies = [];
  const started = now();
  let [due, next, second, most] = [0, 0, 0, 0];
  const going = new Set();
  while (due < length) {
    while (due <= now() - started) {
      const at = started + due;
      const one = caller.send(requests[next++ % requests.length]).then((what) => {
        if (what === 200) latencies.push(1000 * (now() - at));
        going.delete(one);
      });
      going.add(one);
      due -= Math.log(1 - stream.uniform()) / rate;
    }
    most = Math.max(most, caller.tally.inFlight);
    if (now() - started >= second) await onSecond(second++);
    await new Promise((resolve) => void setTimeout(resolve, 1));
  }
  const sending = now() - started;
  await Promise.all(going);
  caller.close();
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.floor(share * latencies.length)] ?? Number.NaN;
  const { tally } = caller;
  return { ...tally, sent: next, most, rate: tally.images / sending, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

const inWords = (answers) =>
  [...answers]
    .sort()
    .map(([what, count]) => `${count} x ${what}`)
    .join(", ");
const percent = (share) => `${(100 * share).toFixed(0)} %`;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Throughput and latency of one detector, and overload where minutes are given for it. */
async function measure(id, detectors, folder, images, overload) {
  const child = fork(fileURLToPath(import.meta.url), [
    ...[`--alone=${JSON.stringify([folder, images])}`, `--seconds=${seconds}`, `--threads=${threads}`],
  ]);
  const [alone] = await once(child, "message");
  await once(child, "exit");
  const detector = await loadDetector(folder, { threads });
  const all = await readGroups(images, detector.manifest.input);
  const expected = [];
  for (const { path } of all) {
    const scores = [];
    for await (const { score } of predict(detector, path)) scores.push(score);
    expected.push(scores);
  }
  const { wholes, files, singles } = requestsOf(id, all, expected, detector.manifest.input);
  await detector.dispose();
  const inFull = ({ rate, processor }) =>
    `${rate.toFixed(0)} images/s (${processor.toFixed(2)} ms of processor time each)`;
  console.log(`\n${id}: a loop by itself, batches of ${batch}, ${threads} thread(s): ${inFull(alone.pixels)}`);
  console.log(`  with files decoded: ${inFull(alone.files)}`);
  const service = await startService(detectors);
  try {
    const one = await closedLoop(service.url, wholes, 1, 2, true);
    console.log(`16 at a time, alone: ${inWords(one.answers)}, ${one.wrong} not to the bit what predict says`);
    const kinds = [
      ["pixels, 16 a request", wholes, 4 * workers, alone.pixels.rate],
      ["files, 16 a request", files, 4 * workers, alone.files.rate],
      ["files, 1 a request", singles, 64 * workers, alone.files.rate],
    ];
    let capacity = 0;
    for (const [words, requests, atOnce, pure] of kinds) {
      await closedLoop(service.url, requests, atOnce, Math.min(2, seconds / 4));
      const before = await service.processorTimes();
      const { rate, images, answers, wrong, furthest } = await closedLoop(service.url, requests, atOnce, seconds);
      const after = await service.processorTimes();
      const each = after.map((time, index) => ((1000 * (time - before[index])) / images).toFixed(2));
      const right = `${wrong} wrong (furthest ${furthest.toExponential(1)})`;
      console.log(
        `${words}, ${atOnce} at a time: ${rate.toFixed(0)} images/s = ${percent(rate / pure)}; ${inWords(answers)}; ${right}`,
      );
      console.log(`  processor time an image: service ${each[0]} ms, engines ${each[1]} ms`);
      capacity = rate;
    }
    const half = await openLoop(service.url, singles, capacity / 2, 2 * seconds);
    const times = ["p50", "p95", "p99"].map((name) => `${name} ${half[name].toFixed(1)} ms`).join(", ");
    console.log(
      `half of that, ${(capacity / 2).toFixed(0)} a second: ${times}; ${inWords(half.answers)}; ${half.wrong} wrong`,
    );
    if (!overload) return;
    const memories = [];
    const note = async (second) => {
      if (second % 5 === 0) memories.push({ second, ...(await service.memories()) });
    };
    const four = await openLoop(service.url, singles, 4 * capacity, 60 * minutes, note);
    console.log(`four times that, ${(four.sent / 60 / minutes).toFixed(0)} a second for ${minutes} minutes:`);
    console.log(
      `  ${inWords(four.answers)}; answered ${four.rate.toFixed(0)} images/s = ${percent(four.rate / capacity)} of what it can do`,
    );
    const answered = [...four.answers.values()].reduce((a, b) => a + b);
    console.log(
      `  sent ${four.sent}, answered ${answered}, at most ${four.most} on their way; ${four.wrong} wrong, p99 ${four.p99.toFixed(0)} ms`,
    );
    const others = [...four.answers.keys()].filter((what) => ![200, 429, 503].includes(what));
    console.log(`  ${others.length === 0 ? "no error but 429 and 503" : `OTHER ERRORS: ${others.join(", ")}`}`);
    for (const name of ["service", "engines"]) {
      const parts = Array.from({ length: 5 }, (_, part) => {
        const some = memories.slice(
          Math.floor((part * memories.length) / 5),
          Math.ceil(((part + 1) * memories.length) / 5),
        );
        return median(some.map((one) => one[name])).toFixed(0);
      });
      const most = Math.max(...memories.map((one) => one[name])).toFixed(0);
      console.log(
        `  memory of the ${name}, medians of the five fifths of the time: ${parts.join(", ")} MB; at most ${most}`,
      );
    }
    const after = await openLoop(service.url, singles, capacity / 2, Math.min(10, seconds));
    console.log(
      `  then, at half load again: p50 ${after.p50.toFixed(1)} ms, p99 ${after.p99.toFixed(1)} ms; ${inWords(after.answers)}`,
    );
    console.log(
      `  processes that died: ${service.events.get("worker-ended") ?? 0}, defects: ${service.events.get("defect") ?? 0}`,
    );
  } finally {
    await service.stop();
  }
}

const place = await mkdtemp(join(tmpdir(), "outglow-load-"));
try {
  const models = [
    ["quickstart", { channels: 1, size: 16, depth: 4, width: 48 }],
    ["colour", { channels: 3, size: 32, depth: 8, width: 128 }],
  ];
  const given = (options.detector ?? []).map((folder) => ["given", folder]);
  const jobs = given.length > 0 ? given : models;
  for (const [index, [id, what]] of jobs.entries()) {
    const detectors = join(place, `${index}`);
    let folder = what;
    if (given.length === 0) {
      folder = join(detectors, id);
      const request = { normal: "builtin#limit=200", general: "builtin", steps: 5, generalSteps: 5, heldOut: 0.4 };
      await train({ ...request, ...what, out: folder });
    }
    const { manifest } = await loadDetector(folder, { threads });
    const { channels, height, width } = manifest.input;
    const images = join(place, `images-${index}`);
    const specification = { channels, height, width };
    for (let group = 0; group < groups; group++) {
      const path = join(images, String(group));
      await mkdir(path, { recursive: true });
      const key = randomKey(group).fold("load");
      await writeImages(makeImages({ kind: "normal", count: batch, specification, key }), specification, path);
    }
    const served = given.length === 0 ? detectors : folder;
    await measure(given.length === 0 ? id : manifestName(folder), served, folder, images, index === jobs.length - 1);
  }
} finally {
  await rm(place, { recursive: true });
}

function manifestName(folder) {
  return folder.replace(/\/+$/, "").split("/").at(-1);
}
