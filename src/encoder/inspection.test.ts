/** What is found out about an encoder: taps, sizes, ranges, and what is said of them. */
import { describe, expect, test } from "vitest";
import { ConfigError, FormatError } from "../base/index.ts";
import { writeModel } from "../onnx/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { describeNote, encoderDescriptionSchema, usualRanges } from "./description.ts";
import { exampleEncoder, exampleTokens, floats, modelOf, node } from "./example-encoder.ts";
import { encoderInput, featureMap, openEncoder } from "./features.ts";
import { inspectEncoder } from "./inspection.ts";
import { chooseTaps, tapOf } from "./taps.ts";

const engine = nodeEngine({ threads: 1 });
const describing = (given: unknown) => encoderDescriptionSchema.parse(given);

describe("taps", () => {
  const size = { height: 64, width: 96 };

  test.each([
    [[1, 8, 16, 24], { layout: "maps", stride: 4, channels: 8, prefix: 0 }],
    [[1, 16, 24, 8], { layout: "channels-last", stride: 4, channels: 8, prefix: 0 }],
    [[1, 1 + 4 * 6, 7], { layout: "tokens", stride: 16, channels: 7, prefix: 1 }],
    [[1, 4 * 6, 7], { layout: "tokens", stride: 16, channels: 7, prefix: 0 }],
    [[1, 8, 1, 1], undefined],
    [[1, 1000], undefined],
  ])("%j are told by their shape", (shape, expected) => {
    expect(tapOf("t", shape, size)).toEqual(expected && { name: "t", ...expected });
  });

  test("are the last of their stride before a coarser one", () => {
    const map = (name: string, stride: number) => ({ name, layout: "maps" as const, stride, channels: 2, prefix: 0 });
    const all = [
      map("a", 2),
      map("b", 4),
      map("c", 4),
      map("d", 8),
      map("e", 16),
      map("f", 32),
      map("g", 8),
      map("h", 4),
    ];
    expect(chooseTaps(all).map(({ name }) => name)).toEqual(["c", "d", "e"]);
    expect(chooseTaps([map("a", 14), map("b", 14), map("c", 28)]).map(({ name }) => name)).toEqual(["b"]);
    expect(chooseTaps([])).toEqual([]);
  });

  test("of tokens are maps in the order of rows, those before them left out", () => {
    const tap = { name: "t", layout: "tokens" as const, stride: 16, channels: 2, prefix: 1 };
    const data = Float32Array.of(9, 9, 1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60);
    const map = featureMap(tap, { data, shape: [1, 7, 2] }, { height: 32, width: 48 });
    expect([map.rows, map.columns]).toEqual([2, 3]);
    expect([...map.values]).toEqual([1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60]);
  });
});

describe("an encoder is looked at", () => {
  test("its outputs at strides 4, 8 and 16 are its taps", async () => {
    const { record, notes } = await inspectEncoder(engine, exampleEncoder(), describing({ range: [0, 1] }));
    expect(record.taps.map(({ name, stride, channels }) => [name, stride, channels])).toEqual([
      ["f4", 4, 8],
      ["f8", 8, 12],
      ["f16", 16, 16],
    ]);
    expect(record.size).toBeUndefined();
    expect(notes.filter(({ kind }) => kind === "taps-guessed").map(describeNote)).toEqual([
      "encoder: features are taken at 'f4' (every 4 pixels), 'f8' (every 8 pixels), 'f16' (every 16 pixels)",
    ]);
  });

  test("a classifier is looked into", async () => {
    const { record, notes } = await inspectEncoder(engine, exampleEncoder({ classifier: true }));
    expect(record.taps.map(({ name }) => name)).toEqual(["f4", "f8", "f16"]);
    expect(notes).toContainEqual(expect.objectContaining({ kind: "taps-guessed", from: "inside" }));
  });

  test("one that takes one size says so", async () => {
    const { record, notes } = await inspectEncoder(engine, exampleEncoder({ side: 96 }));
    expect(record.size).toEqual({ height: 96, width: 96 });
    expect(notes).toContainEqual({ kind: "size-fixed", height: 96, width: 96 });
    const other = inspectEncoder(engine, exampleEncoder({ side: 96 }), describing({ size: 64 }));
    await expect(other).rejects.toThrow("encoder: expected images of 96x96, the only ones that it takes, got 64x64");
  });

  test("a transformer's tokens are a tap", async () => {
    const model = exampleTokens();
    const { record } = await inspectEncoder(engine, model);
    expect(record.taps).toEqual([{ name: "tokens", layout: "tokens", stride: 16, channels: 8, prefix: 1 }]);
    const open = await openEncoder(engine, model, record);
    const pixels = new Uint8Array(3 * 64 * 64).map((_, index) => (index * 7) % 256);
    const [map] = await open.run({ kind: "raw", pixels, channels: 3, height: 64, width: 64 });
    await open.dispose();
    expect([map!.rows, map!.columns, map!.channels]).toEqual([4, 4, 8]);
  });

  test("the taps that a person names are taken by stride, others refused", async () => {
    const { record, notes } = await inspectEncoder(engine, exampleEncoder(), describing({ taps: ["f8", "f4c"] }));
    expect(record.taps.map(({ name }) => name)).toEqual(["f4c", "f8"]);
    expect(notes.filter(({ kind }) => kind === "taps-guessed")).toEqual([]);
    const missing = inspectEncoder(engine, exampleEncoder(), describing({ taps: ["f4", "f5"] }));
    await expect(missing).rejects.toThrow(ConfigError);
    await expect(missing).rejects.toThrow("got 'f5', which is none");
  });

  test("models of anything but images are refused", async () => {
    const vector = { name: "x", elementType: "float32" as const, shape: ["n", 4] };
    const relu = { nodes: [node("Relu", ["x"], "y")], tensors: [floats("c", [1], new Float32Array(1))] };
    const model = writeModel(modelOf(relu, [vector], [{ ...vector, name: "y" }]));
    await expect(inspectEncoder(engine, model)).rejects.toThrow(FormatError);
    await expect(inspectEncoder(engine, model)).rejects.toThrow("float32 [n, 3, height, width], got 'x' [any, 4]");
  });
});

describe("the range of pixels", () => {
  const bytes = exampleEncoder({ pixels: [120, 60] });
  const symmetric = exampleEncoder({ pixels: [0, 0.5] });

  test.each([
    ["bytes", bytes, ["bytes"]],
    ["about 1", symmetric, ["unit", "symmetric", "imagenet"]],
  ])("is guessed where nobody says it: %s", async (_, model, expected) => {
    const { record, notes } = await inspectEncoder(engine, model);
    const note = notes.find(({ kind }) => kind === "range-guessed");
    expect(expected).toContain(note?.kind === "range-guessed" ? note.range : "none");
    if (note?.kind === "range-guessed") expect(record.preparation.range).toEqual(usualRanges[note.range].range);
  });

  test("is doubted where another one makes features less linear", async () => {
    const wrong = await inspectEncoder(engine, bytes, describing({ range: [-1, 1] }));
    expect(wrong.record.preparation.range).toEqual([-1, 1]);
    const note = wrong.notes.find(({ kind }) => kind === "range-doubtful");
    expect(note).toMatchObject({ better: "bytes" });
    expect(describeNote(note!)).toMatch(
      /half the contrast makes 5\d % .* under 0 to 255 \d\d %: the range is probably wrong/,
    );
    const right = await inspectEncoder(engine, bytes, describing({ range: [0, 255] }));
    expect(right.notes.map(({ kind }) => kind)).toEqual(["taps-guessed"]);
  });

  test("is brought to the input's numbers channel by channel", () => {
    const pixels = Uint8Array.of(0, 255, 51);
    const image = { kind: "raw" as const, pixels, channels: 3, height: 1, width: 1 };
    const preparation = {
      range: [0, 1] as [number, number],
      mean: [0.5, 0, 0.2],
      std: [1, 2, 0.5],
      colours: "rgb" as const,
    };
    const rounded = (data: Float32Array) => [...data].map((value) => Math.round(1000 * value) / 1000);
    expect(rounded(encoderInput(image, preparation))).toEqual([-0.5, 0.5, 0]);
    expect(rounded(encoderInput(image, { ...preparation, colours: "bgr" }))).toEqual([-0.3, 0.5, -0.4]);
    const grey = { ...image, pixels: Uint8Array.of(255), channels: 1 };
    expect(rounded(encoderInput(grey, preparation))).toEqual([0.5, 0.5, 1.6]);
  });
});
