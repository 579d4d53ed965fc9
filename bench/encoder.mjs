/**
 * An expert on an encoder's features on a data set in MVTec's layout (`train/good`, `test/KIND`, `ground_truth/KIND`), a folder or a .tar:
 *
 *     npm run build && node bench/encoder.mjs ENCODER.onnx DATASET ['{"mode":"aligned"}'] [GROUP]
 *
 * A JSON beside the encoder says its range and taps (docs/faults.md); the third argument overrides settings of `encoderSettingsSchema`. GROUP is a regular
 * expression: images whose names match it with the same text show the same thing (`tile\d+`). Images are read in grey. Prints image AUROC per
 * kind and its mean, of held-out images with synthetic faults as well; false alarms; pixel AUROC and AUPRO where there are masks, on maps of
 * every third pixel.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { openImages } from "outglow/data";
import {
  describeNote,
  encoderDescriptionSchema,
  encoderSettingsSchema,
  fitEncoderExpert,
  inspectEncoder,
  openEncoderScorer,
} from "outglow/encoder";
import { nodeEngine } from "outglow/runtime";
import { auroc, perRegionOverlap, pixelAuroc } from "outglow/score";
import { greyOf, thinned } from "./part-images.mjs";

const [file, location, overrides = "{}", group] = process.argv.slice(2);
const settings = encoderSettingsSchema.parse({ mode: "aligned", ...JSON.parse(overrides) });
const started = performance.now();
const seconds = () => ((performance.now() - started) / 1000).toFixed(0);

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

const model = new Uint8Array(readFileSync(file));
const beside = file.replace(/\.onnx$/, ".json");
const description = encoderDescriptionSchema.parse(existsSync(beside) ? JSON.parse(readFileSync(beside, "utf8")) : {});
const engine = nodeEngine({ threads: 1 });
const { record, notes } = await inspectEncoder(engine, model, description);
for (const note of notes) console.log(describeNote(note));

const normal = await openImages(`${location}#split=train`, "images");
const names = Array.from({ length: normal.length }, (_, index) => normal.name(index));
const pattern = group === undefined ? undefined : new RegExp(group);
const expert = await fitEncoderExpert(
  { names, read: (index) => greyOf(normal, index) },
  { engine, model, record },
  settings,
  pattern ? { group: (name) => pattern.exec(basename(name))?.[0] ?? name } : {},
);
const { images, groups, heldOut, trials } = expert.record;
console.log(`${images} normal images of ${groups} things, fitted in ${seconds()} s`);
const tried = [...new Set(trials.map(({ kind }) => kind))].sort().map((kind) => {
  const anomalous = trials.filter((trial) => trial.kind === kind).map(({ score }) => score);
  const area = auroc({ normal: heldOut.scores, anomalous });
  console.log(`synthetic AUROC ${kind}: ${area.toFixed(3)}`);
  return area;
});
if (tried.length > 0) console.log(`synthetic AUROC, mean of kinds: ${mean(tried).toFixed(3)}`);

const test = await openImages(`${location}#split=test`, "images");
const masks = await openImages(`${location}#split=ground_truth`, "images").catch(() => undefined);
const maskOf = new Map();
for (let index = 0; index < (masks?.length ?? 0); index++) {
  const name = `${masks.className(index)}/${basename(masks.name(index)).replace(/(_mask)?\.\w+$/, "")}`;
  maskOf.set(name, index);
}
const scorer = await openEncoderScorer(engine, model, expert);
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
console.log(`image AUROC, mean of kinds: ${mean(areas).toFixed(3)}`);
for (const rate of [0.05, 0.1, 0.2]) {
  const alarms = good.filter(({ pValue }) => pValue <= rate).length;
  console.log(`false alarms at ${rate}: ${alarms} of ${good.length}`);
}
if (maskOf.size > 0) {
  const maps = rows.flatMap(({ masked }) => (masked ? [masked] : []));
  console.log(`pixel AUROC: ${pixelAuroc(maps).toFixed(3)}`);
  console.log(`AUPRO: ${perRegionOverlap(maps).toFixed(3)}`);
}
