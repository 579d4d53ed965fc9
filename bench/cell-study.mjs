/**
 * What cells are worth beside fault networks, by kinds of synthetic faults that neither has seen, on a data set in MVTec's layout:
 *
 *     npm run build && node bench/cell-study.mjs DATASET '{"cells":{"steps":600},"faults":{"steps":800}}' [GROUP]
 *
 * The images are parted, things kept whole (GROUP as in `fault-detector.mjs`): into `parts`, 2. For each of `halves` parts, all unless said, a fault network
 * and a pair of cell flows train on the others without three of the six kinds, which are then drawn on `trials` images of the part that is held out. `cells` and
 * `faults` override settings; null trains none, "scales": ["all","final"] reads the flows both ways. `keep` is a folder that keeps what is trained, "train": true ends when that is done. With "test": true
 * nothing is left out or drawn, and the test set is looked at: with the mean over the parts' maps.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { randomKey } from "outglow/base";
import { cellSettingsSchema, openRatios, trainFlows } from "outglow/cells";
import { openImages } from "outglow/data";
import {
  assignFolds,
  atLevels,
  drawOnImage,
  faultKinds,
  faultNetwork,
  faultSettingsSchema,
  fingerprintOfStructure,
  groupImages,
  levelMoments,
  meanMap,
  openLogits,
  pixelScale,
  standardised,
  topMean,
  trainNetwork,
} from "outglow/faults";
import { nodeEngine } from "outglow/runtime";
import { auroc, perRegionOverlap, pixelAuroc } from "outglow/score";
import { greyOf, thinned } from "./part-images.mjs";

const [location, overrides = "{}", group] = process.argv.slice(2);
const given = JSON.parse(overrides);
const { parts = 2, halves = parts, test: looksAtTest = false, seed = 0, trials = 1000 } = given;
const cellSettings = cellSettingsSchema.parse({ seed, ...given.cells });
const faultSettings = faultSettingsSchema.parse({ seed, ...given.faults });
const seconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;

const pattern = group === undefined ? undefined : new RegExp(group);
const thingOf = (name) => pattern?.exec(basename(name))?.[0] ?? name;

async function readAll(part) {
  const source = await openImages(`${location}#split=${part}`, "images");
  const all = [];
  for (let index = 0; index < source.length; index++) {
    const name = source.name(index);
    all.push({ name, thing: thingOf(name), kind: source.className(index), image: await greyOf(source, index) });
  }
  return all;
}

const normal = await readAll("train");
const names = pattern ? normal.map(({ thing }) => thing) : [];
const groups = groupImages(
  normal.map(({ image }) => fingerprintOfStructure(image)),
  names,
);
const key = randomKey(seed).fold("cell study");
const halfOf = assignFolds(groups, parts, key.fold("halves"));
const levels = normal.map(({ image }) => atLevels(image, faultSettings).map((level) => level.image));
const scale = pixelScale(levels);
const engine = nodeEngine({ threads: 1 });

/** Parameters that a former run left in the folder `keep`, or trained ones, which are left there. */
async function kept(name, train) {
  const path = given.keep && join(given.keep, `${name}.bin`);
  if (path && existsSync(path)) {
    const bytes = readFileSync(path);
    const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    return { trainable: numbers.subarray(1, 1 + numbers[0]), fixed: numbers.subarray(1 + numbers[0]) };
  }
  const { trainable, fixed } = await train();
  const numbers = new Float32Array(1 + trainable.length + fixed.length);
  numbers[0] = trainable.length;
  numbers.set(trainable, 1);
  numbers.set(fixed, 1 + trainable.length);
  if (path) writeFileSync(path, Buffer.from(numbers.buffer));
  return { trainable, fixed };
}

/** Every expert of a half: its name, and its maps of an image level by level. */
async function openExperts(half, kinds) {
  const training = levels.filter((_, index) => halfOf[index] !== half);
  const experts = [];
  if (given.faults !== null) {
    const before = seconds();
    const settings = { ...faultSettings, kinds };
    const parameters = await kept(`faults-${half}`, () =>
      trainNetwork(training, scale, settings, key.fold(half).fold("faults")),
    );
    console.log(`half ${half}: fault network, ${(seconds() - before).toFixed(0)} s of processor time`);
    experts.push([
      "faults",
      openLogits(faultNetwork({ channels: 1, width: settings.width }), parameters, scale, engine),
    ]);
  }
  if (given.cells !== null) {
    const before = seconds();
    let trained;
    const train = async () => {
      trained ??= await trainFlows(training, scale, kinds, cellSettings, key.fold(half).fold("cells"), {
        onStep: (phase, step, steps, loss) => {
          if (step % 100 === 0) console.log(`${phase} step ${step} of ${steps}: loss ${loss.toFixed(3)}`);
        },
      });
      return trained;
    };
    const flows = {
      plain: await kept(`plain-${half}`, async () => (await train()).plain),
      outlier: await kept(`outlier-${half}`, async () => (await train()).outlier),
    };
    console.log(`half ${half}: cell flows, ${(seconds() - before).toFixed(0)} s of processor time`);
    const size = { channels: 1, depth: cellSettings.depth, hidden: cellSettings.hidden };
    for (const scales of given.scales ?? [cellSettings.scales])
      experts.push([`cells (${scales})`, openRatios(size, flows, scale, engine, { scales })]);
  }
  return experts;
}

async function mapsOf(looker, image) {
  const maps = [];
  for (const at of atLevels(image, faultSettings)) maps.push({ level: at.level, map: await looker.run(at.image) });
  return maps;
}

function joined(maps, moments) {
  const parts = maps.map(({ level, map }) =>
    standardised(
      map,
      moments.find((one) => one.level === level),
    ),
  );
  return meanMap(
    parts,
    maps.map(({ level }) => level),
  );
}

/** A map's heights: what half of the normal images reach is 0, what 95 % do not pass is 1. */
function heightsOf(scores) {
  const sorted = [...scores].sort((a, b) => a - b);
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
  return { mean: at(0.5), deviation: Math.max(0.5, at(0.95) - at(0.5)) };
}

/** Prints the figures of rows { kind, image, seen, maps: { name: map } }, of every expert and of all together. */
function printFigures(rows, reach) {
  const experts = Object.keys(rows[0].maps);
  const others = experts.length > 1 ? experts.filter((name) => name !== "faults").map((name) => `faults+${name}`) : [];
  for (const name of [...experts, ...(experts.includes("faults") ? others : [])]) {
    const judged = rows.map(({ kind, image, mask, maps }) => {
      const parts = name.split("+");
      const map = meanMap(parts.map((part) => (parts.length > 1 ? standardised(maps[part], reach[part]) : maps[part])));
      const score = parts.reduce(
        (sum, part) => sum + (topMean(maps[part]) - reach[part].mean) / reach[part].deviation,
        0,
      );
      return { kind, score, map: thinned(map, image, mask) };
    });
    const scoresOf = (kind) => judged.filter((row) => row.kind === kind).map(({ score }) => score);
    const kinds = [...new Set(rows.map(({ kind }) => kind))].filter((kind) => kind !== "good").sort();
    const areas = kinds.map((kind) => auroc({ normal: scoresOf("good"), anomalous: scoresOf(kind) }));
    const mean = areas.reduce((sum, area) => sum + area, 0) / areas.length;
    const maps = judged.map(({ map }) => map);
    const pixels = `${pixelAuroc(maps).toFixed(3)} / ${perRegionOverlap(maps).toFixed(3)}`;
    const each = kinds.map((kind, index) => `${kind} ${areas[index].toFixed(3)}`).join(", ");
    console.log(`${name}: ${mean.toFixed(3)} / ${pixels} (${each})`);
  }
}

const test = looksAtTest && !given.train ? await readAll("test") : [];
const masks = looksAtTest && !given.train ? await readAll("ground_truth") : [];
const maskOf = new Map(
  masks.map(({ kind, name, image }) => [`${kind}/${basename(name).replace(/(_mask)?\.\w+$/, "")}`, image]),
);
const tested = test.map((one) => {
  const mask = maskOf.get(`${one.kind}/${basename(one.name).replace(/\.\w+$/, "")}`);
  return { ...one, mask, own: [] };
});
const trial = randomKey("fault trial");
for (let half = 0; half < halves; half++) {
  const unseen = looksAtTest ? [] : faultKinds.filter((_, index) => (index % 2 === 0) === (half % 2 === 0));
  const experts = await openExperts(
    half,
    faultKinds.filter((kind) => !unseen.includes(kind)),
  );
  if (given.train) continue;
  const own = normal.filter((_, index) => halfOf[index] === half);
  const rows = own.map(({ image }) => ({ kind: "good", image, mask: undefined, maps: {} }));
  for (const { name, image } of own.slice(0, trials)) {
    for (const kind of unseen) {
      const place = trial.fold(name).fold(kind);
      const donor = own[place.fold("donor").stream().integer(own.length)].image;
      const drawn = drawOnImage(image, donor, place, [kind]);
      rows.push({ kind, image: drawn.image, mask: { pixels: drawn.mask.map((share) => 255 * share) }, maps: {} });
    }
  }
  const before = seconds();
  const reach = {};
  for (const [name, looker] of experts) {
    const all = [];
    for (const row of rows) all.push(await mapsOf(looker, row.image));
    const moments = levelMoments(all.slice(0, own.length), faultSettings.levels);
    for (const [index, row] of rows.entries()) row.maps[name] = joined(all[index], moments);
    reach[name] = heightsOf(rows.slice(0, own.length).map(({ maps }) => topMean(maps[name])));
    for (const row of tested) row.own.push([name, joined(await mapsOf(looker, row.image), moments), reach[name]]);
    await looker.dispose();
  }
  console.log(`half ${half}: ${rows.length} images looked at, ${(seconds() - before).toFixed(0)} s; unseen kinds:`);
  if (unseen.length > 0) printFigures(rows, reach);
}
if (looksAtTest && !given.train) {
  const reach = {};
  for (const row of tested) {
    row.maps = {};
    for (const name of new Set(row.own.map(([one]) => one))) {
      const mine = row.own.filter(([one]) => one === name);
      row.maps[name] = meanMap(mine.map(([, map]) => map));
      const mean = (of) => mine.reduce((sum, [, , own]) => sum + of(own), 0) / mine.length;
      reach[name] = { mean: mean((own) => own.mean), deviation: mean((own) => own.deviation) };
    }
  }
  console.log("test set:");
  printFigures(tested, reach);
}
