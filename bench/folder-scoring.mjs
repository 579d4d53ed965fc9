/**
 * Scoring JPEG files from a folder against scoring the same pixels from memory, taking turns:
 *
 *     npm run build && node bench/folder-scoring.mjs DETECTOR [FOLDER] [IMAGES]
 *
 * Without a folder, 64x64 JPEGs of built-in images are made in a temporary one. The shares are medians of five rounds. What it takes to
 * read and prepare the images without scoring them is printed, too.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openImages, streamImages } from "outglow/data";
import { openDetector, scoreSource } from "outglow/workflow";
import sharp from "sharp";

const [detectorFolder, given, images = "10000"] = process.argv.slice(2);
const count = Number(images);
const rounds = 5;
const folder = given ?? (await makeJpegs(count));
const detector = await openDetector(detectorFolder, { threads: 2 });
try {
  const source = await openImages(`${folder}#limit=${count}`, "images");
  const batches = [];
  const started = performance.now();
  for await (const { pixels } of streamImages(source, detector.manifest.input, { batchSize: 64, strict: true })) {
    batches.push(pixels);
  }
  const milliseconds = (performance.now() - started) / source.length;
  console.log(`prepared in ${milliseconds.toFixed(2)} ms an image`);
  const share = Math.ceil(batches.length / rounds);
  // The engine's first runs are slow.
  for (const pixels of batches.slice(0, 5)) await detector.terms(pixels);
  const shares = [];
  for (let round = 0; round * share < batches.length; round++) {
    const part = batches.slice(round * share, (round + 1) * share);
    const pure = await rate(async (count) => {
      for (const pixels of part) {
        await detector.terms(pixels);
        count(64);
      }
    });
    const first = round * share * 64;
    const some = { ...source, length: Math.min(source.length - first, share * 64) };
    for (const name of ["name", "className", "splitNames", "read"]) some[name] = (index) => source[name](first + index);
    const files = await rate(async (count) => {
      for await (const { names } of scoreSource(detector, some, { strict: true, coders: false })) {
        count(names.length);
      }
    });
    shares.push(files / pure);
    console.log(`from memory ${pure.toFixed(0)}, from files ${files.toFixed(0)} images/s`);
  }
  shares.sort((a, b) => a - b);
  console.log(`from files: ${(100 * shares[Math.floor(shares.length / 2)]).toFixed(0)} % of the rate from memory`);
} finally {
  await detector.dispose();
  if (given === undefined) await rm(folder, { recursive: true });
}

async function rate(work) {
  let images = 0;
  const started = performance.now();
  await work((count) => {
    images += count;
  });
  return (images * 1000) / (performance.now() - started);
}

async function makeJpegs(count) {
  const path = await mkdtemp(join(tmpdir(), "outglow-"));
  const source = await openImages(`builtin#limit=${count},seed=1`, "images");
  const specification = { channels: 3, height: 64, width: 64 };
  for await (const { pixels, firstIndex } of streamImages(source, specification, { batchSize: 64, strict: true })) {
    const size = 3 * 64 * 64;
    for (let start = 0; start < pixels.length; start += size) {
      const planes = [0, 1, 2].map((c) => pixels.subarray(start + c * 4096, start + (c + 1) * 4096));
      const interleaved = Uint8Array.from({ length: size }, (_, at) => planes[at % 3][Math.floor(at / 3)]);
      const raw = { width: 64, height: 64, channels: 3 };
      const name = String(firstIndex + start / size).padStart(6, "0");
      await writeFile(join(path, `${name}.jpeg`), await sharp(interleaved, { raw }).jpeg().toBuffer());
    }
  }
  return path;
}
