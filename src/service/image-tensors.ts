/** Tensors of images as callers send them: flat or nested numbers in JSON, or bytes behind it. */
import { type ImageShape, imageSizeOf } from "../base/index.ts";
import { badRequest, type Refusal } from "./refusals.ts";
import type { WorkerImage } from "./worker-messages.ts";

/** The data types in which images come. */
const imageTypes = ["UINT8", "FP32", "BYTES"] as const;

/** A tensor before its numbers are looked at: its data are JSON or bytes. */
export interface SentTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** FP32: `levels` are 0 to 255 as in UINT8, `unit` is 0 to 1; both are rounded to whole levels. */
  readonly range: "levels" | "unit" | undefined;
  readonly data: unknown;
  readonly bytes: Uint8Array | undefined;
}

/** The images of a tensor. Throws Refusal (400) for another shape than [n, C, H, W], or [n] for BYTES, and for other numbers. */
export function imagesOf(tensor: SentTensor, input: ImageShape): WorkerImage[] {
  const { datatype, shape } = tensor;
  if (datatype === "BYTES") return filesOf(tensor);
  const { channels, height, width } = input;
  const wanted = [channels, height, width];
  const fits = shape.length === 4 && wanted.every((side, axis) => shape[axis + 1] === side);
  if (!fits || shape[0]! < 1) throw wrong(tensor, "shape", `[n, ${wanted.join(", ")}]`, `[${shape.join(", ")}]`);
  const size = imageSizeOf(input);
  const count = shape[0]! * size;
  if (datatype === "UINT8") return cut(levelsOf(tensor, count), size);
  if (datatype === "FP32") return cut(roundedLevels(tensor, count), size);
  throw wrong(tensor, "datatype", imageTypes.join(", "), datatype.slice(0, 20));
}

/** How many images a tensor holds, by its shape. */
function imageCountOf({ shape }: SentTensor): number {
  return shape[0] ?? 0;
}

function cut(pixels: Uint8Array, size: number): WorkerImage[] {
  return Array.from({ length: pixels.length / size }, (_, index) => ({
    kind: "pixels",
    pixels: pixels.subarray(index * size, (index + 1) * size),
  }));
}

function levelsOf(tensor: SentTensor, count: number): Uint8Array {
  const { bytes } = tensor;
  if (bytes) {
    if (bytes.length !== count) throw wrong(tensor, "data", `${count} bytes`, String(bytes.length));
    return bytes;
  }
  const levels = new Uint8Array(count);
  fill(tensor, levels, (value) => Number.isInteger(value) && value >= 0 && value <= 255, "whole numbers from 0 to 255");
  return levels;
}

function roundedLevels(tensor: SentTensor, count: number): Uint8Array {
  const { bytes, range } = tensor;
  const values = new Float64Array(count);
  if (bytes) {
    if (bytes.length !== 4 * count) throw wrong(tensor, "data", `${4 * count} bytes`, String(bytes.length));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < count; at++) values[at] = view.getFloat32(4 * at, true);
  } else fill(tensor, values, Number.isFinite, "finite numbers");
  const most = range === "unit" ? 1 : 255;
  const bad = values.find((value) => !(value >= 0 && value <= most));
  if (bad !== undefined) throw wrong(tensor, "data", `numbers from 0 to ${most}`, String(bad));
  if (range === undefined && values.every((value) => value <= 1) && values.some((value) => value % 1 !== 0)) {
    // An image scaled to 0...1 would otherwise be a black one.
    const expected = "levels from 0 to 255, or the parameter range: 'unit' for numbers from 0 to 1";
    throw wrong(tensor, "data", expected, "fractions up to 1");
  }
  const factor = range === "unit" ? 255 : 1;
  return Uint8Array.from(values, (value) => Math.round(value * factor));
}

/** Copies JSON numbers, flat or nested by the shape, in row-major order. */
function fill(
  tensor: SentTensor,
  into: Uint8Array | Float64Array,
  takes: (value: number) => boolean,
  expected: string,
): void {
  let at = 0;
  const walk = (node: unknown, depth: number): void => {
    if (Array.isArray(node)) {
      if (depth > tensor.shape.length) throw wrong(tensor, "data", "numbers", "lists deeper than its shape");
      for (const child of node) walk(child, depth + 1);
      return;
    }
    if (typeof node !== "number" || !takes(node))
      throw wrong(tensor, "data", expected, JSON.stringify(node)?.slice(0, 40));
    if (at === into.length) throw wrong(tensor, "data", `${into.length} numbers`, "more");
    into[at++] = node;
  };
  if (!Array.isArray(tensor.data))
    throw wrong(tensor, "data", "a list", tensor.data === undefined ? "none" : "another value");
  walk(tensor.data, 0);
  if (at !== into.length) throw wrong(tensor, "data", `${into.length} numbers`, String(at));
}

/** Encoded files: base64 in JSON, each after its length (four bytes, little-endian) as bytes. */
function filesOf(tensor: SentTensor): WorkerImage[] {
  const { shape, bytes, data } = tensor;
  const count = shape.reduce((product, side) => product * side, 1);
  if (shape.length < 1 || shape.length > 2 || count !== shape[0] || count < 1) {
    throw wrong(tensor, "shape", "[n], an encoded image each", `[${shape.join(", ")}]`);
  }
  const files = bytes ? splitFiles(tensor, bytes) : decodeFiles(tensor, data);
  if (files.length !== count) throw wrong(tensor, "data", `${count} images`, String(files.length));
  return files.map((file) => ({ kind: "encoded", bytes: file }));
}

function splitFiles(tensor: SentTensor, bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 <= bytes.length ? at + 4 + view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (end > bytes.length || files.length > imageCountOf(tensor)) {
      throw wrong(tensor, "data", "elements that begin with their lengths", "other bytes");
    }
    files.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return files;
}

function decodeFiles(tensor: SentTensor, data: unknown): Uint8Array[] {
  const list: readonly unknown[] = Array.isArray(data) ? data.flat() : [];
  return list.map((text) => {
    if (typeof text !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
      throw wrong(tensor, "data", "image files in base64", "another text");
    }
    return Buffer.from(text, "base64");
  });
}

function wrong({ name }: SentTensor, part: string, expected: string, got = "none"): Refusal {
  return badRequest(`input '${name.slice(0, 60)}': ${part}`, expected, got);
}
