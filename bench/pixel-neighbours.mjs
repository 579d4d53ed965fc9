/**
 * The simplest thing that could work, beside which every detector of local faults has to be seen: how far an image is from the nearest normal one,
 * in grey values. On a data set in MVTec's layout, a folder or a .tar:
 *
 *     npm run build && node bench/pixel-neighbours.mjs DATASET
 *
 * Whole images at 64x64 pixels: the distance from the nearest normal image. Patches of 8x8 of images at 128x128, every fourth pixel a patch: distances
 * from the nearest of 20,000 normal patches as a map, its top 1 % as score. Prints image AUROC per kind and its mean; pixel AUROC and AUPRO of the map.
 */
import { basename } from "node:path";
import { randomKey } from "outglow/base";
import { openImages } from "outglow/data";
import { resized, topMean } from "outglow/faults";
import { constant, gemm, input, makeGraph } from "outglow/graph";
import { nodeEngine } from "outglow/runtime";
import { auroc, perRegionOverlap, pixelAuroc } from "outglow/score";
import { greyOf, thinned } from "./part-images.mjs";

const [wholeSide, patchedSide, patchSide, patchStep, patchCount] = [64, 128, 8, 4, 20_000];
const patchSize = patchSide ** 2;
const cells = (patchedSide - patchSide) / patchStep + 1;

const [location] = process.argv.slice(2);
const normal = await openImages(`${location}#split=train`, "images");
const test = await openImages(`${location}#split=test`, "images");
const masks = await openImages(`${location}#split=ground_truth`, "images").catch(() => undefined);

const wholeOf = (image) => Float32Array.from(resized(image, { height: wholeSide, width: wholeSide }).pixels);

/** Patches of an image as rows [cells * cells, 64]. */
function patchesOf(image) {
  const { pixels } = resized(image, { height: patchedSide, width: patchedSide });
  const rows = new Float32Array(cells * cells * patchSize);
  for (let index = 0; index < rows.length; index++) {
    const [patch, at] = [Math.floor(index / patchSize), index % patchSize];
    const y = Math.floor(patch / cells) * patchStep + Math.floor(at / patchSide);
    rows[index] = pixels[y * patchedSide + (patch % cells) * patchStep + (at % patchSide)];
  }
  return rows;
}

const wholes = [];
const memory = new Float32Array(patchCount * patchSize);
const stream = randomKey("patches").stream();
const own = Math.ceil(patchCount / normal.length);
for (let index = 0; index < normal.length; index++) {
  const image = await greyOf(normal, index);
  wholes.push(wholeOf(image));
  const patches = patchesOf(image);
  for (let row = index * own; row < Math.min(patchCount, (index + 1) * own); row++) {
    const chosen = stream.integer(cells * cells) * patchSize;
    memory.set(patches.subarray(chosen, chosen + patchSize), row * patchSize);
  }
}
const norms = Float32Array.from({ length: patchCount }, (_, row) => squaresOf(memory, row));
const graph = makeGraph();
const patches = input(graph, "patches", [patchSize, cells * cells]);
const products = gemm(constant(graph, memory, [patchCount, patchSize]), patches);
const program = await nodeEngine({ threads: 1 }).compile({ products }, { weights: "constant" });

function squaresOf(rows, row) {
  let sum = 0;
  for (let at = row * patchSize; at < (row + 1) * patchSize; at++) sum += rows[at] ** 2;
  return sum;
}

/** Distances of every patch from the nearest normal one, as a map. */
async function mapOf(image) {
  const rows = patchesOf(image);
  const count = cells * cells;
  const columns = Float32Array.from(rows, (_, index) => rows[(index % count) * patchSize + Math.floor(index / count)]);
  const { products } = await program.run({ patches: { data: columns, shape: [patchSize, count] } });
  const least = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (let row = 0, at = 0; row < patchCount; row++) {
    for (let patch = 0; patch < count; patch++, at++) {
      least[patch] = Math.min(least[patch], norms[row] - 2 * products.data[at]);
    }
  }
  const values = Float32Array.from(least, (value, patch) => Math.sqrt(Math.max(0, value + squaresOf(rows, patch))));
  return { rows: cells, columns: cells, values };
}

function nearestWhole(image) {
  const whole = wholeOf(image);
  return Math.min(...wholes.map((other) => other.reduce((sum, value, pixel) => sum + (value - whole[pixel]) ** 2, 0)));
}

const maskOf = new Map();
for (let index = 0; index < (masks?.length ?? 0); index++) {
  maskOf.set(`${masks.className(index)}/${basename(masks.name(index)).replace(/(_mask)?\.\w+$/, "")}`, index);
}
const rows = [];
for (let index = 0; index < test.length; index++) {
  const image = await greyOf(test, index);
  const kind = test.className(index);
  const mask = maskOf.get(`${kind}/${basename(test.name(index)).replace(/\.\w+$/, "")}`);
  const map = await mapOf(image);
  const known = kind === "good" || mask !== undefined;
  const masked = known ? thinned(map, image, mask === undefined ? undefined : await greyOf(masks, mask)) : undefined;
  rows.push({ kind, whole: nearestWhole(image), patches: topMean(map), masked });
}
await program.dispose();

const kinds = [...new Set(rows.map(({ kind }) => kind))].filter((kind) => kind !== "good").sort();
for (const score of ["whole", "patches"]) {
  const of = (kind) => rows.filter((row) => row.kind === kind).map((row) => row[score]);
  const areas = kinds.map((kind) => auroc({ normal: of("good"), anomalous: of(kind) }));
  for (const [index, kind] of kinds.entries()) console.log(`${score}: image AUROC ${kind}: ${areas[index].toFixed(3)}`);
  console.log(
    `${score}: image AUROC, mean of kinds: ${(areas.reduce((sum, area) => sum + area) / areas.length).toFixed(3)}`,
  );
}
const maps = rows.flatMap(({ masked }) => (masked ? [masked] : []));
if (maskOf.size > 0) {
  console.log(`patches: pixel AUROC: ${pixelAuroc(maps).toFixed(3)}, AUPRO: ${perRegionOverlap(maps).toFixed(3)}`);
}
