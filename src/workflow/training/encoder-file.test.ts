/** What an encoder's file may be, and what is said of one that will not do: by the setting, with a way out. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleEncoder, modelOf, node } from "../../encoder/example-encoder.ts";
import { type OnnxValue, writeModel } from "../../onnx/index.ts";
import type { WorkflowEvent } from "../events.ts";
import { openEncoderFile } from "./encoder-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "encoder-file-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function open(name: string, model: Uint8Array | string, description?: unknown) {
  const path = join(folder, `${name}.onnx`);
  await writeFile(path, model);
  if (description !== undefined) await writeFile(join(folder, `${name}.json`), JSON.stringify(description));
  const events: WorkflowEvent[] = [];
  const found = await openEncoderFile(path, 1, { onEvent: (event) => events.push(event) });
  return { found, events };
}

const image: OnnxValue = { name: "x", elementType: "float32", shape: ["n", 3, "h", "w"] };
const single = (operator: string): Uint8Array =>
  writeModel(modelOf({ nodes: [node(operator, ["x"], "y")], tensors: [] }, [image], [{ ...image, name: "y" }]));

test("what was guessed is noted, a doubtful range is a warning", async () => {
  const { found, events } = await open("guessed", exampleEncoder({ pixels: [120, 60] }));
  expect(found.record.preparation.range).toEqual([0, 255]);
  expect(events.map(({ kind }) => kind)).toEqual(["note", "note"]);
  const said = { range: [-1, 1], taps: ["f4", "f8"] };
  const doubtful = await open("doubtful", exampleEncoder({ pixels: [120, 60] }), said);
  expect(doubtful.found.record.taps.map(({ name }) => name)).toEqual(["f4", "f8"]);
  expect(doubtful.events).toMatchObject([{ kind: "warning", text: expect.stringContaining("probably wrong") }]);
});

test.each([
  ["a picture", "\x89PNG\r\n\x1a\n and what follows", undefined, /encoder: expected .*, got .*; is it an ONNX file\?/],
  [
    "an empty file",
    "",
    undefined,
    /encoder: expected a graph, got a model of 0 bytes without one; is it an ONNX file\?/,
  ],
  ["no features", single("ReduceMean"), undefined, /expected maps of features .*; name its taps in a JSON beside it/],
  [
    "an operator of nobody's",
    single("Nonsense"),
    undefined,
    /expected a model that the engine runs, .*Nonsense.*; export/s,
  ],
  [
    "a range in which nothing is left of an image",
    exampleEncoder({ pixels: [0, 1e30] }),
    undefined,
    /encoder: expected features that differ from place to place, got the same ones everywhere; say the range of its pixels/,
  ],
  ["other taps", exampleEncoder(), { taps: ["f5"] }, /encoder: expected taps that are maps .*, got 'f5'/],
  [
    "a wrong description",
    exampleEncoder(),
    { range: "0 to 1" },
    /wrong description\.json': expected the description of/,
  ],
])("%s", async (name, model, description, message) => {
  await expect(open(name, model, description)).rejects.toThrow(message);
});

test("weights in another file", async () => {
  // Field 14 of a tensor says where its data are; 1 is elsewhere.
  const tensor = new BinaryWriter().tag(8, WireType.LengthDelimited).string("far").tag(14, WireType.Varint).int32(1);
  const graph = new BinaryWriter().tag(5, WireType.LengthDelimited).bytes(tensor.finish());
  const model = new BinaryWriter().tag(7, WireType.LengthDelimited).bytes(graph.finish()).finish();
  await expect(open("far", model)).rejects.toThrow(
    /encoder: expected a model in one file, got tensor 'far' in another file; save it with its weights inside/,
  );
});
