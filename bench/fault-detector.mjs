/**
 * The fault detector on a data set in MVTec's layout (`train/good`, `test/KIND`, `ground_truth/KIND`), a folder or a .tar:
 *
 *     npm run build && node bench/fault-detector.mjs DATASET ['{"steps":1000}'] [GROUP]
 *
 * The second argument overrides settings of `faultSettingsSchema`. GROUP is a regular expression: images whose names match it with the same text
 * show the same thing (`tile\d+`). Images are read in grey. Prints image AUROC per kind and its mean, and the rate of false alarms; pixel AUROC,
 * AUPRO (limit 0.3) and region recall where there are masks, on maps of every third pixel.
 */
import { basename } from "node:path";
import { openImages } from "outglow/data";
import { faultSettingsSchema, openFaultScorer, trainFaultDetector } from "outglow/faults";
import { auroc, perRegionOverlap, pixelAuroc, regionRecall } from "outglow/score";
import { greyOf, thinned } from "./part-images.mjs";

const [location, overrides = "{}", group] = process.argv.slice(2);
const settings = faultSettingsSchema.parse(JSON.parse(overrides));
const started = performance.now();
const seconds = () => ((performance.now() - started) / 1000).toFixed(0);

const normal = await openImages(`${location}#split=train`, "images");
const names = Array.from({ length: normal.length }, (_, index) => normal.name(index));
const pattern = group === undefined ? undefined : new RegExp(group);
const detector = await trainFaultDetector({ names, read: (index) => greyOf(normal, index) }, settings, {
  ...(pattern ? { group: (name) => pattern.exec(basename(name))?.[0] ?? name } : {}),
  onEvent: (event) => {
    if (event.kind === "scored") console.error(`${seconds()} s: network ${event.fold + 1} of ${settings.folds}`);
  },
});
const { images, groups } = detector.record;
console.log(`${images} normal images of ${groups} things, trained in ${seconds()} s`);

const test = await openImages(`${location}#split=test`, "images");
const masks = await openImages(`${location}#split=ground_truth`, "images").catch(() => undefined);
const maskOf = new Map();
for (let index = 0; index < (masks?.length ?? 0); index++) {
  const name = `${masks.className(index)}/${basename(masks.name(index)).replace(/(_mask)?\.\w+$/, "")}`;
  maskOf.set(name, index);
}
const scorer = openFaultScorer(detector, { threads: settings.threads });
const rows = [];
const scoring = performance.now();
for (let index = 0; index < test.length; index++) {
  const image = await greyOf(test, index);
  const { score, pValue, map } = await scorer.score(image);
  const kind = test.className(index);
  const mask = maskOf.get(`${kind}/${basename(test.name(index)).replace(/\.\w+$/, "")}`);
  const known = kind === "good" || mask !== undefined;
  const masked = known ? thinned(map, image, mask === undefined ? undefined : await greyOf(masks, mask)) : undefined;
  rows.push({ kind, score, pValue, masked });
}
await scorer.dispose();
console.log(`scored in ${((performance.now() - scoring) / test.length).toFixed(0)} ms an image`);

const good = rows.filter(({ kind }) => kind === "good");
const kinds = [...new Set(rows.map(({ kind }) => kind))].filter((kind) => kind !== "good").sort();
const areas = kinds.map((kind) => {
  const anomalous = rows.filter((row) => row.kind === kind).map(({ score }) => score);
  return auroc({ normal: good.map(({ score }) => score), anomalous });
});
for (const [index, kind] of kinds.entries()) console.log(`image AUROC ${kind}: ${areas[index].toFixed(3)}`);
console.log(`image AUROC, mean of kinds: ${(areas.reduce((sum, area) => sum + area, 0) / areas.length).toFixed(3)}`);
for (const rate of [0.05, 0.1, 0.2]) {
  const alarms = good.filter(({ pValue }) => pValue <= rate).length;
  console.log(`false alarms at ${rate}: ${alarms} of ${good.length}`);
}
const maps = rows.flatMap(({ masked }) => (masked ? [masked] : []));
if (maskOf.size > 0) {
  console.log(`pixel AUROC: ${pixelAuroc(maps).toFixed(3)}`);
  console.log(`AUPRO: ${perRegionOverlap(maps).toFixed(3)}`);
  const tops = good
    .map(({ masked }) => masked.scores.reduce((most, score) => Math.max(most, score)))
    .sort((a, b) => a - b);
  const threshold = tops[Math.floor(0.9 * tops.length)];
  const { found, regions } = regionRecall(maps, threshold);
  console.log(`regions found where a tenth of the good images show one: ${found} of ${regions}`);
}
