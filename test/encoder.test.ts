/** An encoder that a person brings, end to end: chosen mode, what the detector keeps, scores, maps, an evaluation with masks, a calibration. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import {
  type Detector,
  type DetectorParts,
  folderReader,
  loadManifest,
  readModelWeights,
  writeDetector,
} from "../src/detector/index.ts";
import { loadDetector as loadPortable } from "../src/detector/portable.ts";
import { exampleEncoder } from "../src/encoder/example-encoder.ts";
import { encoderSettingsSchema, fitEncoderExpert, inspectEncoder } from "../src/encoder/index.ts";
import { makeParts, type PartKind } from "../src/made/index.ts";
import { outlineModel } from "../src/onnx/index.ts";
import { nodeEngine } from "../src/runtime/index.ts";
import { chooseExperts, computeScore, type PlacedSource, pValues } from "../src/score/index.ts";
import {
  evaluate,
  type HeatImage,
  judgeAtHand,
  listScores,
  loadDetector,
  mapSubject,
  nameOfMap,
  predict,
  prepareTraining,
  recalibrate,
  type TrainRequest,
  train,
} from "../src/workflow/index.ts";
import { partSide, runOutglow, temporaryFolder, writeMadeParts } from "./command.ts";

const side = partSide;
const shape = { channels: 1, height: side, width: side };
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);
let detector: Detector;
let stderr = "";

const write = (place: string, kind: PartKind, count: number): Promise<void> =>
  writeMadeParts(at("parts"), place, kind, count, "encoder");

const request = (more: Partial<TrainRequest> = {}): TrainRequest => ({
  normal: at("parts"),
  encoder: at("tiny.onnx"),
  out: at("detector"),
  ...{ steps: 2, size: 8, scales: 2, depth: 1, width: 8, threads: 1 },
  ...more,
});

beforeAll(async () => {
  folder = await temporaryFolder();
  await write("train/good", "good", 12);
  await write("test/good", "good", 6);
  await write("test/scratch", "scratch", 6);
  await writeFile(at("tiny.onnx"), exampleEncoder({ pixels: [0, 2] }));
  const tiny = ["--steps=2", "--size=8", "--scales=2", "--depth=1", "--width=8", "--threads=1"];
  const trained = await runOutglow(folder.path, "train", "--normal=parts", "--encoder=tiny.onnx", ...tiny);
  expect(trained.code, trained.stderr).toBe(0);
  stderr = trained.stderr;
  detector = await loadDetector(at("detector"), { threads: 1 });
}, 120_000);

afterAll(async () => {
  await detector?.dispose();
  await folder.dispose();
});

describe("training", () => {
  test("says what it guessed, what it compared, and which mode it keeps", () => {
    expect(stderr).toMatch(/encoder: features are taken at 'f4' \(every 4 pixels\), 'f8'/);
    expect(stderr).toMatch(/encoder: nobody says what range/);
    expect(stderr).toMatch(/12 images of \d+ different things/);
    expect(stderr).toMatch(/encoder: features of 12 images of \d+ different things, (un)?aligned/);
    expect(stderr).toContain("--maps MAPS");
    expect(stderr).toMatch(/have AUROC 0\.\d\d aligned and 0\.\d\d unaligned; (un)?aligned is kept/);
  });

  test("keeps the encoder cut to its taps, with checksums and a calibration of its own", async () => {
    const { encoder, files, calibration, defaultScore } = await loadManifest(at("detector"));
    expect(encoder?.record).toMatchObject({ images: 12, heldOut: { scores: { length: 12 } } });
    expect(encoder?.record.trials).toHaveLength(72);
    expect(files["encoder.onnx"]).toMatch(/^[0-9a-f]{64}$/);
    expect(outlineModel(await readFile(at("detector", "encoder.onnx"))).outputs).toEqual(["f4", "f8", "f16"]);
    expect(calibration.counts).toEqual({ encoder: 12 });
    expect(calibration.scores.encoder).toHaveLength(12);
    expect(defaultScore).toBe("encoder");
  });

  test("lists it among the scores", async () => {
    const { scores } = await listScores(at("detector"));
    expect(scores.find(({ name }) => name === "encoder")).toMatchObject({ default: true, calibrated: true });
    expect(scores.find(({ name }) => name === "faults")).toMatchObject({ calibrated: null });
  });
});

describe("a detector with an encoder", () => {
  test("scores, with p-values down to one of all normal images and one, and maps of the image's size", async () => {
    const maps: HeatImage[] = [];
    const rows = [];
    const onMap = (map: HeatImage) => void maps.push(map);
    const options = { falseAlarm: 0.1, onMap };
    for await (const row of predict(detector, at("parts", "test", "scratch"), options)) rows.push(row);
    expect(rows).toHaveLength(6);
    expect(Math.min(...rows.map(({ pValue }) => pValue))).toBe(1 / 13);
    expect(maps.map(({ image, heat }) => [image.height, heat.length])).toEqual(rows.map(() => [side, side * side]));
  });

  test("is compared with masks", async () => {
    const report = await evaluate(detector, {
      normal: at("parts"),
      anomalous: [{ name: "bad", location: at("parts") }],
      coders: false,
    });
    expect(report.maps).toMatchObject([{ score: "encoder", without: 0, all: { count: 6 } }]);
    expect(report.maps![0]!.all.pixelAuroc).toBeGreaterThan(0.6);
    expect(report.evaluations.map(({ score }) => score)).toContain("encoder");
  });

  test("scores the same where neither Node nor a native library is behind it", async () => {
    const portable = await loadPortable(folderReader(at("detector")), nodeEngine({ threads: 1 }));
    const pixels = Uint8Array.from({ length: side * side }, (_, index) => (index * 7) % 251);
    const image = { kind: "raw", pixels, ...shape } as const;
    expect(await portable.encoder!.score(image)).toEqual(await detector.encoder!.score(image));
    await portable.dispose();
  });

  test("can be calibrated on other images, encoder and all", async () => {
    const { manifest } = await recalibrate(detector, { normal: at("parts", "test", "good") });
    expect(manifest.calibration.scores.encoder).toHaveLength(6);
    const encoder = { scores: Float64Array.of(1e6) };
    const normal = { count: 1, scales: 2, values: new Float32Array(4) };
    const { values } = computeScore("encoder", { normal, dimensions: 64, encoder });
    expect(pValues(manifest.calibration, "encoder", values)[0]).toBe(1 / 7);
  });
});

/** The detector with a stand-in for what looks for faults, which finds the right side suspicious, and a joined score that hears some. */
function joinedHearing(...heard: string[]): Detector {
  const { manifest } = detector;
  const { scores, fits } = manifest.calibration;
  const references = Array.from({ length: 12 }, (_, index) => index / 6);
  const tried = [
    { name: "faults", normals: references, trials: [1] },
    { name: "encoder", normals: scores.encoder!, trials: [1] },
  ];
  const { experts, ...chosen } = chooseExperts(tried, [{ kind: "scar", family: "fault" }]);
  const hearing = experts.map((expert) => ({ ...expert, heard: heard.includes(expert.name) }));
  const choice = { ...chosen, kind: "joined", rule: "sum", experts: hearing } as const;
  const map = { rows: 1, columns: 2, values: Float32Array.of(0, 4) };
  return {
    ...detector,
    manifest: {
      ...manifest,
      defaultScore: "joined",
      faults: {} as typeof manifest.faults,
      calibration: {
        ...manifest.calibration,
        scores: { ...scores, faults: references, joined: references },
        counts: { faults: 12, encoder: 12, joined: 12 },
        fits: { ...fits, joined: choice },
      },
    },
    faults: {
      score: async () => ({ score: 4, foldScores: [4], pValue: 1, map, levels: [] }),
      scoreByFold: async () => ({ score: 4, map, levels: [] }),
      dispose: async () => undefined,
    },
  };
}

describe("where a joined score hears faults and encoder", () => {
  test("its map is that of both, in files, answers and an evaluation", async () => {
    const both = joinedHearing("faults", "encoder");
    const subject = mapSubject(both.manifest, "joined");
    expect(nameOfMap(subject)).toBe("faults and encoder");
    const place = at("parts", "test", "scratch");
    const heatsBy = async (score: string): Promise<HeatImage[]> => {
      const heats: HeatImage[] = [];
      for await (const _ of predict(both, place, { score, onMap: (heat) => void heats.push(heat) }));
      return heats;
    };
    const [joint, faults, encoder] = [await heatsBy("joined"), await heatsBy("faults"), await heatsBy("encoder")];
    expect(joint).toHaveLength(6);
    // Heights are zero where a map begins to be tinted; of twelve references the sixth and the eleventh count.
    const heightOf = (score: "faults" | "encoder", value: number): number => {
      const own = both.manifest.calibration.scores[score]!;
      return (value - own[5]!) / Math.max(0.5, own[10]! - own[5]!);
    };
    for (const pixel of [0, 17 * side + 40, side * side - 1]) {
      const mean = (heightOf("faults", faults[0]!.heat[pixel]!) + heightOf("encoder", encoder[0]!.heat[pixel]!)) / 2;
      expect(joint[0]!.heat[pixel]).toBeCloseTo(mean, 4);
    }
    const { image } = joint[0]!;
    const pixels = new Uint8Array(64);
    const wish = { coders: false, maps: { subject, score: "joined" } };
    const [answer] = await judgeAtHand(both, { count: 1, pixels, read: async () => image }, wish);
    expect(answer!.picture?.length).toBeGreaterThan(100);
    const report = await evaluate(both, {
      normal: at("parts"),
      anomalous: [{ name: "bad", location: at("parts") }],
      coders: false,
    });
    expect(report.maps!.map(({ score }) => score)).toEqual(["joined", "faults", "encoder"]);
    expect(report.maps![0]!.all.pixelAuroc).not.toBe(report.maps![2]!.all.pixelAuroc);
  });

  test("it is that of the one that is heard, or where none is, as for any score without places", () => {
    expect(mapSubject(joinedHearing("encoder").manifest, "joined")).toEqual({ kind: "encoder" });
    expect(mapSubject(joinedHearing().manifest, "joined")).toEqual({ kind: "faults" });
  });
});

describe("both ways of comparing features", () => {
  const engine = nodeEngine({ threads: 1 });
  const good = Array.from({ length: 12 }, (_, index) => `good ${index}`);
  const { pixels } = makeParts({ kind: "good", count: 12, side, key: randomKey("both ways") });
  const read = async (index: number) => {
    const own = pixels.subarray(index * side * side, (index + 1) * side * side);
    return { kind: "raw", pixels: Uint8Array.from(own), ...shape } as const;
  };

  /** The detector that the program would write, had trials of two kinds been seen so high in each of the two ways. */
  async function writtenWith(folderName: string, trials: { readonly [Name in PlacedSource]?: readonly number[] }) {
    const { manifest } = detector;
    const model = new Uint8Array(await readFile(at("detector", "encoder.onnx")));
    const { record } = await inspectEncoder(engine, model);
    const [expert, other] = await Promise.all(
      (["aligned", "unaligned"] as const).map((mode) => {
        const small = { mode, side, grid: 8, centres: 50, samples: 500, folds: 2, trials: 0 };
        return fitEncoderExpert({ names: good, read }, { engine, model, record }, encoderSettingsSchema.parse(small));
      }),
    );
    const normals = Float64Array.from({ length: 24 }, (_, index) => ((index * 7) % 24) / 24);
    const placed = Object.fromEntries(
      Object.entries(trials).map(([name, own]) => [
        name,
        {
          fitting: normals,
          referring: new Float64Array(0),
          trials: Float64Array.from(own.flatMap((high) => [high, high + 0.1])),
        },
      ]),
    );
    const parts: DetectorParts = {
      training: manifest.training,
      role: "detector",
      models: {
        normal: {
          parameters: await readModelWeights(folderReader(at("detector")), manifest, "normal"),
          ...{ steps: 2, heldOutBitsPerDimension: 8 },
        },
      },
      data: manifest.data,
      heldOutPixels: Uint8Array.from({ length: 2 * 64 }, (_, index) => index),
      encoder: { model, expert: expert!, other },
      joining: {
        fitting: [...normals.keys()],
        ...{ referring: [], pixels: new Uint8Array(0), bases: [0, 1, 2, 3], placed, placedOnly: true },
        kinds: ["scar", "scar", "warp", "warp"].map((kind) => ({ kind, family: "fault" })),
      },
    };
    await writeDetector(at(folderName), parts, engine);
    return loadDetector(at(folderName), { threads: 1 });
  }

  test("are experts of their own where the joined score hears both", async () => {
    const both = await writtenWith("both", { encoder: [9, 0.4], "encoder-other": [0.4, 9] });
    expect(both.manifest.defaultScore).toBe("joined");
    expect(Object.keys(both.manifest.calibration.scores)).toEqual(
      expect.arrayContaining(["encoder", "encoder-other", "joined"]),
    );
    expect(both.manifest["encoder-other"]?.record.settings).toMatchObject({ mode: "unaligned", averaged: false });
    expect(mapSubject(both.manifest, "joined")).toEqual({ kind: "joined", parts: ["encoder", "encoder-other"] });
    const image = await read(3);
    const [judged] = await judgeAtHand(
      both,
      { count: 1, pixels: new Uint8Array(64), read: async () => image },
      { coders: false },
    );
    expect(judged!.score).toBeGreaterThanOrEqual(0);
    const [one, other] = [await both.encoder!.score(image), await both["encoder-other"]!.score(image)];
    expect(one.score).not.toBe(other.score);
    await both.dispose();
  });

  test("are one where the other is not heard", async () => {
    const one = await writtenWith("one", { encoder: [1.05, 1.05], "encoder-other": [0.01, 0.01] });
    expect(one.manifest["encoder-other"]).toBeUndefined();
    expect(one["encoder-other"]).toBeUndefined();
    expect(Object.keys(one.manifest.files)).not.toContain("encoder-other.safetensors");
    expect(Object.keys(one.manifest.calibration.scores)).toContain("encoder");
    expect(one.manifest.calibration.scores).not.toHaveProperty("encoder-other");
    expect(one.manifest.defaultScore).toBe("encoder");
    await one.dispose();
  });
});

describe("what is refused", () => {
  test("to go on with another encoder than the run began with", async () => {
    const resumed = { out: at("detector"), resume: true };
    expect((await prepareTraining(resumed)).encoder?.path).toBe(at("tiny.onnx"));
    await writeFile(at("tiny.onnx"), exampleEncoder());
    await expect(prepareTraining(resumed)).rejects.toThrow(/resume: expected the encoder that the run began with in/);
  });

  test.each([
    [{ encoder: undefined, encoderMode: "aligned" }, /encoderMode: expected encoder, got none/],
    [{ normal: undefined, general: "x", as: "general" }, /as general: expected nothing but images, got encoder/],
    [{ encoder: "missing.onnx", out: "other" }, /encoder: expected an ONNX file, got ENOENT/],
  ] as const)("%j", async (more, message) => {
    const settings = Object.fromEntries(Object.entries({ ...request(), ...more }).filter(([, value]) => value));
    await expect(train(settings as TrainRequest)).rejects.toThrow(message);
  });

  test("a detector whose encoder was changed, and one without it", async () => {
    const path = at("detector", "encoder.onnx");
    const bytes = await readFile(path);
    await writeFile(path, exampleEncoder());
    await expect(loadDetector(at("detector"))).rejects.toThrow(/encoder\.onnx' to match its checksum/);
    await rm(path);
    await expect(loadDetector(at("detector"))).rejects.toThrow(/encoder\.onnx': expected a file, got none/);
    await writeFile(path, bytes);
  });
});
