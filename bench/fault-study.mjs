/**
 * What the fault detector's choices were measured with, on a data set in MVTec's layout, a folder or a .tar:
 *
 *     npm run build && node bench/fault-study.mjs DATASET '{"folds":3,"networks":2}' [GROUP]
 *
 * The second argument overrides settings of `faultSettingsSchema`; GROUP is as in `fault-detector.mjs`. Besides:
 *
 *   "leaveOut"  true: every network does without the kinds that its fold leaves out, as a detector's do, and is tried on them
 *   "test"      whether the test set is looked at: true unless "kinds" leaves some out
 *   "networks"  how many of the folds' networks are trained and joined; 1
 *   "split"     "group", or "image": things lie on both sides of a split, which shows what groups are for
 *   "images"    trains on so many images only
 *
 * Kinds of synthetic faults that a network does without are drawn on images that it did not see. Where the test set is looked at, 50 random
 * halves of the normal images that a network did not see, things kept whole ("image": of the images held out against those of the test set),
 * say how often p <= 5 and 10 %. Figures are printed with all levels alike and with levels weighted by their sides.
 */
import { basename } from "node:path";
import { permutation, randomKey } from "outglow/base";
import { openImages } from "outglow/data";
import {
  assignFolds,
  atLevels,
  commonLevels,
  drawOnImage,
  faultKinds,
  faultNetwork,
  faultSettingsSchema,
  fingerprintOfStructure,
  groupImages,
  kindsLeftOut,
  levelMoments,
  meanMap,
  openLogits,
  pixelScale,
  resampled,
  standardised,
  topMean,
  trainNetwork,
} from "outglow/faults";
import { nodeEngine } from "outglow/runtime";
import { auroc, perRegionOverlap, pixelAuroc } from "outglow/score";
import sharp from "sharp";

const [location, overrides = "{}", group] = process.argv.slice(2);
const given = JSON.parse(overrides);
const { networks = 1, split = "group", images: most = Number.POSITIVE_INFINITY } = given;
const { leaveOut = false, test: looksAtTest = given.kinds === undefined } = given;
const own = Object.entries(given).filter(([name]) => Object.hasOwn(faultSettingsSchema.shape, name));
const settings = faultSettingsSchema.parse(Object.fromEntries(own));
/** The kinds that a fold's network is trained on. */
function knownKinds(fold) {
  const leftOut = leaveOut ? kindsLeftOut(settings.kinds, fold, settings.folds) : [];
  return settings.kinds.filter((kind) => !leftOut.includes(kind));
}
const pixelStep = 3;
const splits = 50;
const weightings = { "levels alike": () => 1, "levels by side": (level) => level };
const seconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;

async function readGrey(source, index) {
  const stored = await source.read(index);
  const options = { raw: { width: stored.width, height: stored.height, channels: stored.channels } };
  const image = stored.kind === "raw" ? sharp(stored.pixels, options) : sharp(stored.bytes);
  const { data, info } = await image.greyscale().raw().toBuffer({ resolveWithObject: true });
  return { kind: "raw", pixels: new Uint8Array(data), channels: 1, height: info.height, width: info.width };
}

const pattern = group === undefined ? undefined : new RegExp(group);
const thingOf = (name) => pattern?.exec(basename(name))?.[0] ?? name;

async function readAll(part) {
  const source = await openImages(`${location}#split=${part}`, "images");
  const all = [];
  for (let index = 0; index < source.length; index++) {
    const name = source.name(index);
    all.push({ name, thing: thingOf(name), kind: source.className(index), image: await readGrey(source, index) });
  }
  return all;
}

const normal = await readAll("train");
const names = pattern ? normal.map(({ thing }) => thing) : [];
const groups = groupImages(
  normal.map(({ image }) => fingerprintOfStructure(image)),
  names,
);
const key = randomKey(settings.seed).fold("faults");
const parts = split === "image" ? groups.map((_, index) => index) : groups;
const foldOf = assignFolds(parts, settings.folds, key.fold("folds"));
if (settings.small === "enlarged") {
  settings.levels = commonLevels(
    normal.map(({ image }) => image),
    settings.levels,
  );
}
const levels = normal.map(({ image }) => atLevels(image, settings).map((level) => level.image));
const scale = pixelScale(levels);

/** Images that a network trains on: whole groups, in a random order, up to as many as asked for. */
function trainingImages(fold) {
  const indices = [...groups.keys()].filter((index) => foldOf[index] !== fold);
  if (most >= indices.length) return indices;
  const known = [...new Set(indices.map((index) => groups[index]))];
  const order = permutation(known.length, randomKey("few").stream());
  return [...order].flatMap((one) => indices.filter((index) => groups[index] === known[one])).slice(0, most);
}

/** Trains a fold's network; returns its logits level by level. */
async function openNetwork(fold) {
  const training = trainingImages(fold);
  const before = seconds();
  const parameters = await trainNetwork(
    training.map((index) => levels[index]),
    scale,
    { ...settings, kinds: knownKinds(fold) },
    key.fold(`fold ${fold}`),
  );
  console.log(`network ${fold + 1}: ${training.length} images, ${(seconds() - before).toFixed(0)} s of processor time`);
  const engine = nodeEngine({ threads: settings.threads });
  const logits = openLogits(faultNetwork({ channels: 1, width: settings.width }), parameters, scale, engine);
  return async (image) => {
    const maps = [];
    for (const at of atLevels(image, settings)) maps.push({ level: at.level, map: await logits.run(at.image) });
    return maps;
  };
}

/** The joined map of an image's levels. */
function joined(maps, moments, weightOf) {
  const parts = maps.map(({ level, map }) =>
    standardised(
      map,
      moments.find((one) => one.level === level),
    ),
  );
  return meanMap(
    parts,
    maps.map(({ level }) => weightOf(level)),
  );
}

/** A map at every third pixel, with the mask's pixels. */
function thinned(map, { height, width }, seen) {
  const [rows, columns] = [Math.floor(height / pixelStep), Math.floor(width / pixelStep)];
  const mask = new Uint8Array(rows * columns).map((_, index) => {
    const [y, x] = [Math.floor(index / columns), index % columns];
    return seen((pixelStep * y + 1) * width + pixelStep * x + 1) ? 1 : 0;
  });
  return { height: rows, width: columns, scores: resampled(map, rows, columns).values, mask };
}

/** Prints the figures of rows { kind, image, seen, maps: one list of levels a network }. */
function printFigures(rows, moments) {
  for (const [name, weightOf] of Object.entries(weightings)) {
    const judged = rows.map(({ kind, image, seen, maps }) => {
      const map = meanMap(maps.map((own, network) => joined(own, moments[network], weightOf)));
      return { kind, score: topMean(map), map: thinned(map, image, seen) };
    });
    const scoresOf = (kind) => judged.filter((row) => row.kind === kind).map(({ score }) => score);
    const kinds = [...new Set(rows.map(({ kind }) => kind))].filter((kind) => kind !== "good").sort();
    const areas = kinds.map((kind) => auroc({ normal: scoresOf("good"), anomalous: scoresOf(kind) }));
    const mean = areas.reduce((sum, area) => sum + area, 0) / areas.length;
    const maps = judged.map(({ map }) => map);
    const pixels = `pixel AUROC ${pixelAuroc(maps).toFixed(3)}, AUPRO ${perRegionOverlap(maps).toFixed(3)}`;
    const each = kinds.map((kind, index) => `${kind} ${areas[index].toFixed(3)}`).join(", ");
    console.log(`${name}: image AUROC ${mean.toFixed(3)} (${each}), ${pixels}`);
  }
}

/** The central 95 % of a binomial distribution, as counts. */
function binomialInterval(rate, count) {
  let [chance, sum, low] = [(1 - rate) ** count, 0, 0];
  for (let hits = 0; ; hits++) {
    sum += chance;
    if (sum <= 0.025) low = hits + 1;
    if (sum >= 0.975 || hits === count) return [low, hits];
    chance *= ((count - hits) / (hits + 1)) * (rate / (1 - rate));
  }
}

/** Prints how often p-values of normal images lie below 5 and 10 %. */
function printAlarms(own, tested, network) {
  const rates = [0.05, 0.1];
  const seen = rates.map(() => ({ sum: 0, inside: 0 }));
  const half = (all, stream) =>
    new Set([...permutation(all.length, stream).subarray(0, all.length / 2)].map((at) => all[at]));
  for (let one = 0; one < splits; one++) {
    const stream = randomKey("alarms").fold(one).fold(network).stream();
    const [left, right] =
      split === "image"
        ? [own, tested]
        : [
            [...own, ...tested],
            [...own, ...tested],
          ];
    const of = (rows) => [...new Set(rows.map((row) => (split === "image" ? row.name : row.thing)))];
    const chosen = half(of(left), stream);
    const others = split === "image" ? half(of(right), stream) : undefined;
    const calibration = left.filter((row) => chosen.has(split === "image" ? row.name : row.thing));
    const fresh = right.filter((row) => (others ? others.has(row.name) : !chosen.has(row.thing)));
    const moments = levelMoments(
      calibration.map(({ maps }) => maps),
      settings.levels,
    );
    const scoreOf = ({ maps }) => topMean(joined(maps, moments, weightings["levels by side"]));
    const scores = calibration.map(scoreOf);
    const values = fresh.map(scoreOf).map((x) => (1 + scores.filter((y) => y >= x).length) / (scores.length + 1));
    for (const [index, rate] of rates.entries()) {
      const alarms = values.filter((value) => value <= rate).length;
      const [low, high] = binomialInterval(rate, values.length);
      seen[index].sum += alarms / values.length;
      if (alarms >= low && alarms <= high) seen[index].inside++;
    }
  }
  for (const [index, rate] of rates.entries()) {
    const mean = (seen[index].sum / splits).toFixed(3);
    console.log(
      `network ${network + 1}: false alarms at ${rate}: ${mean}, within their interval ${seen[index].inside} of ${splits} times`,
    );
  }
}

const test = looksAtTest ? await readAll("test") : [];
const masks = looksAtTest ? await readAll("ground_truth") : [];
const maskOf = new Map(
  masks.map(({ kind, name, image }) => [`${kind}/${basename(name).replace(/(_mask)?\.\w+$/, "")}`, image]),
);
const rows = test.map((one) => {
  const mask = maskOf.get(`${one.kind}/${basename(one.name).replace(/\.\w+$/, "")}`);
  return { ...one, seen: (pixel) => mask !== undefined && mask.pixels[pixel] > 127, maps: [] };
});
const trial = randomKey("fault trial");
const moments = [];
for (let fold = 0; fold < networks; fold++) {
  const run = await openNetwork(fold);
  const own = normal.filter((_, index) => foldOf[index] === fold);
  for (const one of own) one.maps = await run(one.image);
  moments.push(
    levelMoments(
      own.map(({ maps }) => maps),
      settings.levels,
    ),
  );
  for (const row of rows) row.maps.push(await run(row.image));
  if (looksAtTest) {
    const good = rows.filter(({ kind }) => kind === "good").map((row) => ({ ...row, maps: row.maps.at(-1) }));
    printAlarms(own, good, fold);
  }
  const unseen = faultKinds.filter((kind) => !knownKinds(fold).includes(kind));
  if (unseen.length === 0) continue;
  const tried = own.map(({ image, maps }) => ({ kind: "good", image, seen: () => false, maps: [maps] }));
  for (const { name, image } of own) {
    for (const kind of unseen) {
      const place = trial.fold(name).fold(kind);
      const donor = own[place.fold("donor").stream().integer(own.length)].image;
      const drawn = drawOnImage(image, donor, place, [kind]);
      const maps = [await run(drawn.image)];
      tried.push({ kind, image, seen: (pixel) => drawn.mask[pixel] >= 0.5, maps });
    }
  }
  printFigures(tried, [moments.at(-1)]);
}
if (looksAtTest) printFigures(rows, moments);
