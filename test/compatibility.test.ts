/** Detectors of every format version that there has been: they load, score as they did, and one changed byte is an error or changes nothing. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FormatError, isUserError } from "../src/base/index.ts";
import {
  type FileReader,
  formatVersion,
  loadManifest,
  parseManifest,
  readModelWeights,
} from "../src/detector/index.ts";
import { readForScoring } from "../src/detector/reading.ts";
import { loadDetector } from "../src/index.ts";

const fixtures = new URL("fixtures/", import.meta.url);
const versions = readdirSync(fixtures)
  .filter((name) => name.startsWith("detector-v"))
  .map((name) => ({ version: Number(name.slice("detector-v".length)), folder: new URL(`${name}/`, fixtures).pathname }))
  .sort((a, b) => a.version - b.version);

test("there is a detector of every version, the present one included", () => {
  expect(versions.map(({ version }) => version)).toEqual(
    Array.from({ length: formatVersion }, (_, index) => index + 1),
  );
});

describe.each(versions)("a detector of version $version", ({ version, folder }) => {
  test("loads, and scores as when it was written", async () => {
    const { images, scores } = JSON.parse(readFileSync(`${folder}expected.json`, "utf8"));
    const { p_value: pValues, ...columns } = scores as Readonly<Record<string, readonly number[]>>;
    const pixels = Buffer.from(images, "base64");
    const detector = await loadDetector(folder, { threads: 1 });
    expect(detector.manifest.formatVersion).toBe(version);
    const size = 144;
    const rows = await detector.score(
      Array.from({ length: pixels.length / size }, (_, image) => ({
        ...{ kind: "raw" as const, channels: 1, height: 12, width: 12 },
        pixels: pixels.subarray(image * size, (image + 1) * size),
      })),
    );
    await detector.dispose();
    for (const [image, row] of rows.entries()) {
      expect(row.pValue).toBe(pValues![image]);
      for (const [name, values] of Object.entries(columns)) {
        expect(Math.abs(row.scores[name]! - values[image]!), name).toBeLessThanOrEqual(
          1e-3 + 1e-4 * Math.abs(values[image]!),
        );
      }
    }
  });
});

/** A detector's files in memory, with one of them replaced. */
function filesWith(folder: string, changed: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): FileReader {
  const kept = new Map<string, Uint8Array<ArrayBuffer> | undefined>();
  return {
    location: "changed",
    describe: (name) => `changed/${name}`,
    read: async (name) => {
      if (!kept.has(name)) {
        const there = readdirSync(folder).includes(name);
        kept.set(name, changed[name] ?? (there ? new Uint8Array(readFileSync(`${folder}${name}`)) : undefined));
      }
      return kept.get(name);
    },
  };
}

describe("one changed byte", () => {
  const { folder } = versions[0]!;

  test("of a manifest is an error, or changes nothing", async () => {
    const mask = 1;
    const bytes = readFileSync(`${folder}detector.json`);
    const whole = JSON.stringify(await loadManifest(folder));
    const decoder = new TextDecoder();
    let harmless = 0;
    for (let place = 0; place < bytes.length; place++) {
      bytes[place]! ^= mask;
      const text = decoder.decode(bytes);
      bytes[place]! ^= mask;
      try {
        expect(JSON.stringify(await parseManifest(text, "detector.json"))).toBe(whole);
        harmless++;
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        expect(error.fault!.remedy).toBeDefined();
      }
    }
    // A last digit may be beyond what a number holds.
    expect(harmless).toBeLessThan(bytes.length / 50);
  });

  test("of the header of any other file is an error that names it", async () => {
    const manifest = await loadManifest(folder);
    const weights = new Uint8Array(readFileSync(`${folder}weights.safetensors`));
    const header = 8 + new DataView(weights.buffer).getUint32(0, true);
    for (let place = 0; place < header; place++) {
      weights[place]! ^= 1;
      const reading = readModelWeights(filesWith(folder, { "weights.safetensors": weights }), manifest, "normal");
      const error: unknown = await reading.catch((thrown: unknown) => thrown);
      weights[place]! ^= 1;
      if (!(error instanceof FormatError) || !/weights\.safetensors/.test(error.message)) throw error;
    }
    for (const name of ["golden.safetensors", "model.onnx", "general.onnx"]) {
      const bytes = new Uint8Array(readFileSync(`${folder}${name}`));
      for (const place of [0, 1, 2, 7, 8, 9, 30, 63, bytes.length - 1]) {
        bytes[place]! ^= 1;
        const reading = readForScoring(filesWith(folder, { [name]: bytes }));
        const error: unknown = await reading.catch((thrown: unknown) => thrown);
        bytes[place]! ^= 1;
        expect(isUserError(error) && error.message).toContain(`'changed/${name}' to match its checksum`);
      }
    }
  });
});

test("a newer version is refused with the way out", async () => {
  const text = readFileSync(`${versions.at(-1)!.folder}detector.json`, "utf8");
  const newer = text.replace(/"formatVersion": \d+/, `"formatVersion": ${formatVersion + 1}`);
  await expect(parseManifest(newer, "detector.json")).rejects.toThrow(/written by a newer outglow: update this one/);
});
