/** Maps of flows through the command line: numbers that sum to the score, pictures that can be seen, and a word where there are none. */
import { readdir, readFile } from "node:fs/promises";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { loadManifest } from "../src/detector/index.ts";
import { mapSubject } from "../src/workflow/index.ts";
import { quickTraining, writeMadeImages } from "./command.ts";
import { tolerances } from "./reference/tolerances.ts";
import { ownWorkplace } from "./workplace.ts";

const { at, run, succeed } = ownWorkplace();

/** The numbers of a float32 array file. */
async function readMap(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  const head = 10 + bytes.readUInt16LE(8);
  expect(bytes.toString("latin1", 10, head)).toContain("'shape': (16, 16)");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + head, bytes.byteOffset + bytes.length));
}

beforeAll(async () => {
  await writeMadeImages(at("normal"), "normal", 100);
  await writeMadeImages(at("general"), "general", 40);
  await writeMadeImages(at("crosses"), "crosses", 5);
  await succeed("train", "--normal=normal", "--general=general", "--out=glow", ...quickTraining, "--held-out=0.4");
  await succeed("train", "--normal=normal", "--architecture=dense", "--out=dense", ...quickTraining);
}, 60_000);

test.each(["likelihood", "final-scale", "ratio", "ratio-scale-0"])("the map of %s sums to the score", async (score) => {
  const out = `by-${score}`;
  const { stdout, stderr } = await succeed("predict", "glow", "crosses", `--score=${score}`, `--maps=${out}`, "--json");
  expect(stderr).toContain(`maps of 5 images by ${score}: ${out}`);
  const { images } = JSON.parse(stdout) as { images: { file: string; score: number }[] };
  expect(images).toHaveLength(5);
  const sums = await Promise.all(
    images.map(async ({ file }) => {
      const map = await readMap(at(out, `${encodeURIComponent(file)}.npy`));
      return map.reduce((sum, value) => sum + value, 0);
    }),
  );
  expect(sums).toBeAllclose(
    images.map((image) => image.score),
    tolerances.network,
  );
});

test("a score without places is mapped by the ratio, and that is said", async () => {
  const { stderr } = await succeed("predict", "glow", "crosses", "--score=ratio-png", "--maps=maps", "--top=5");
  expect(stderr).toContain("maps of 5 images by ratio, as ratio-png has no places: maps");
  const pictures = (await readdir(at("maps"))).filter((name) => name.endsWith(".png"));
  expect(pictures).toHaveLength(5);
  const { width, height } = await sharp(at("maps", pictures[0]!)).metadata();
  expect([width, height]).toEqual([256, 256]);
  // Eight columns: five images, each with its map beside it, fill two rows.
  const sheet = await sharp(at("most-anomalous.png")).metadata();
  expect(sheet.height).toBeGreaterThan(2 * 128);
});

test("flows that mix all places have no maps", async () => {
  const { code, stdout, stderr } = await run("predict", "dense", "crosses", "--maps=none");
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(
    "--maps: expected a detector whose scores have places, got a dense flow, which mixes all places; train with --faults",
  );
  await expect(readdir(at("none"))).rejects.toThrow("ENOENT");
});

test("nor have those whose classes are told by all places together", async () => {
  const manifest = await loadManifest(at("glow"));
  const training = { ...manifest.training, classConditional: true, classes: ["a", "b"] };
  expect(() => mapSubject({ ...manifest, training }, "likelihood")).toThrow(/got a class-conditional flow/);
});

test("without a general model the final scale stands in", async () => {
  const manifest = await loadManifest(at("glow"));
  const alone = { ...manifest, models: { ...manifest.models, general: null } };
  expect(mapSubject(alone, "hierarchy")).toMatchObject({ kind: "flow", score: "final-scale", sum: { scale: 1 } });
});
