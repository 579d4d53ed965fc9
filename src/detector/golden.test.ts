/** Golden outputs: reproduced, or refused. */
import { describe, expect, test } from "vitest";
import { FormatError, RunError } from "../base/index.ts";
import { writeTensors } from "../nn/index.ts";
import { type ModelTerms, makeTermTable } from "../score/index.ts";
import { checkGolden, goldenImages, writeGolden } from "./golden.ts";

const shape = { channels: 1, height: 4, width: 4 };
const images = goldenImages(shape);
const table = (first: number, scales = 2) =>
  makeTermTable(
    4,
    scales,
    Float32Array.from({ length: 8 * scales }, (_, index) => first - 100 * index),
  );
const both: ModelTerms = { normal: table(-1000), general: table(-2000), dimensions: 16 };
const normalOnly: ModelTerms = { normal: table(-1000), dimensions: 16 };

const checkFile = (bytes: Uint8Array, computed: ModelTerms): Promise<void> =>
  checkGolden(bytes, async () => computed, "detector 'd'");
const check = (recorded: ModelTerms, computed: ModelTerms): Promise<void> =>
  checkFile(writeGolden(shape, images, recorded), computed);

describe("golden terms", () => {
  test("that come again are accepted, rounding aside", async () => {
    await check(both, both);
    await check(normalOnly, normalOnly);
    await check(both, { ...both, normal: table(-1000.05) });
  });

  test.each(["normal", "general"] as const)("of the %s model that differ are refused", async (model) => {
    const checking = check(both, { ...both, [model]: table(-1500) });
    await expect(checking).rejects.toBeInstanceOf(RunError);
    await expect(checking).rejects.toThrow(`expected the ${model} model to give`);
  });

  test("that are not a number are refused", async () => {
    await expect(check(normalOnly, { ...normalOnly, normal: table(Number.NaN) })).rejects.toBeInstanceOf(RunError);
  });

  test.each([
    ["no record of a model", writeGolden(shape, images, normalOnly), both, "16 recorded terms of the general model"],
    [
      "a record of other scales",
      writeGolden(shape, images, both),
      { ...both, normal: table(-1000, 1) },
      "8 recorded terms of the normal",
    ],
    ["no images", writeTensors({ tensors: {}, metadata: {} }), both, "golden images in golden.safetensors, got none"],
  ])("with %s are refused", async (_name, bytes, computed, message) => {
    const checking = checkFile(bytes, computed);
    await expect(checking).rejects.toBeInstanceOf(FormatError);
    await expect(checking).rejects.toThrow(message);
    await expect(checking).rejects.toThrow(/^detector 'd': expected .*; copy the detector again or train anew$/);
  });
});
