/**
 * Numbers for the cells of an image of any size, by programs that are compiled for every size that comes along; long sides go through windows that overlap.
 * Portable.
 */
import { freeBatch } from "../base/index.ts";
import { constant, divide, type Graph, input, makeGraph, subtract, toFloat, type Value } from "../graph/index.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Engine, Program } from "../runtime/index.ts";
import type { PixelScale } from "./batches.ts";
import type { CellMap } from "./cell-map.ts";
import { cellSide } from "./synthetic/cells.ts";

/** Longer sides than this are looked at through windows. */
const longestSide = 768;

/** Compiled sizes that are kept. */
const mostPrograms = 32;

/** Computes a number for every cell. */
export interface CellLogits {
  /** The numbers of an image whose sides are multiples of 8. Memory does not grow with the image beyond its own map. */
  run(image: RawImage): Promise<CellMap>;
  dispose(): Promise<void>;
}

/** What is computed of images, wherever a cell is in them. */
export interface CellFunction {
  readonly channels: number;
  /** How far beyond a cell its number depends on the image, rounded up to whole cells, in pixels. */
  readonly margin: number;
  /** Numbers [N, H/8, W/8] of x [N, C, H, W], scaled pixels of some height and width. */
  cells(graph: Graph, x: Value, size: { readonly height: number; readonly width: number }): Value;
}

/** Opens a function of cells. Sides above `longest` pixels, a multiple of 8, are looked at through windows, with the same numbers. */
export function openCells(own: CellFunction, scale: PixelScale, engine: Engine, longest = longestSide): CellLogits {
  const programs = new Map<string, Program>();
  const programOf = async (height: number, width: number): Promise<Program> => {
    const key = `${height}x${width}`;
    const program = programs.get(key) ?? (await compile(own, scale, { height, width }, engine));
    programs.delete(key);
    programs.set(key, program);
    const [oldest] = programs.keys();
    if (programs.size > mostPrograms && oldest !== undefined) {
      await programs.get(oldest)!.dispose();
      programs.delete(oldest);
    }
    return program;
  };
  return {
    async run(image) {
      const [rows, columns] = [image.height / cellSide, image.width / cellSide];
      const values = new Float32Array(rows * columns);
      for (const vertical of windowsOf(image.height, longest, own.margin)) {
        for (const horizontal of windowsOf(image.width, longest, own.margin)) {
          const [height, width] = [vertical.end - vertical.start, horizontal.end - horizontal.start];
          const program = await programOf(height, width);
          const pixels = cut(image, vertical, horizontal);
          const { cells } = await program.run({ images: { data: pixels, shape: [1, image.channels, height, width] } });
          copyCells(cells!.data as Float32Array, vertical, horizontal, values, columns);
        }
      }
      return { rows, columns, values };
    },
    async dispose() {
      for (const program of programs.values()) await program.dispose();
      programs.clear();
    },
  };
}

async function compile(
  { channels, cells }: CellFunction,
  scale: PixelScale,
  size: { readonly height: number; readonly width: number },
  engine: Engine,
): Promise<Program> {
  const graph = makeGraph();
  const x = scaledImages(graph, channels, scale, size);
  return engine.compile({ cells: cells(graph, x, size) }, { weights: "constant" });
}

/** The graph's input `images`, uint8 [N, C, H, W], as scaled numbers. */
export function scaledImages(
  graph: Graph,
  channels: number,
  { means, deviations }: PixelScale,
  { height, width }: { readonly height: number; readonly width: number },
): Value {
  const images = input(graph, "images", [freeBatch, channels, height, width], "uint8");
  const perChannel = (values: readonly number[]) => constant(graph, Float32Array.from(values), [1, channels, 1, 1]);
  return divide(subtract(toFloat(images), perChannel(means)), perChannel(deviations));
}

/** A stretch of an axis in pixels that is looked at, and the part of it whose cells are taken. */
export interface Window {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** Windows are so many pixels long, or a multiple: each length takes a program of its own. */
const windowStep = 32;

/**
 * Windows along an axis of `size` pixels: one where it is short, else as few overlapping ones of one length up to `longest` as will do, and those as
 * short as they can be. Their outer cells are not taken, because they would see the window's border where the image goes on.
 */
export function windowsOf(size: number, longest: number, margin: number): readonly Window[] {
  if (size <= longest) return [{ start: 0, end: size, from: 0, to: size }];
  const count = Math.ceil((size - 2 * margin) / (longest - 2 * margin));
  const least = (size - 2 * margin) / count + 2 * margin;
  const length = Math.min(longest, Math.ceil(least / windowStep) * windowStep);
  const windows: Window[] = [];
  for (let from = 0; from < size; ) {
    const start = Math.max(0, Math.min(from - margin, size - length));
    const end = start + length;
    const to = end === size ? size : end - margin;
    windows.push({ start, end, from, to });
    from = to;
  }
  return windows;
}

function cut({ pixels, channels, height, width }: RawImage, vertical: Window, horizontal: Window): Uint8Array {
  const [rows, columns] = [vertical.end - vertical.start, horizontal.end - horizontal.start];
  if (rows === height && columns === width) return pixels;
  const result = new Uint8Array(channels * rows * columns);
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < rows; row++) {
      const source = (channel * height + vertical.start + row) * width + horizontal.start;
      result.set(pixels.subarray(source, source + columns), (channel * rows + row) * columns);
    }
  }
  return result;
}

function copyCells(
  cells: Float32Array,
  vertical: Window,
  horizontal: Window,
  into: Float32Array,
  columns: number,
): void {
  const own = (horizontal.end - horizontal.start) / cellSide;
  const [left, right] = [horizontal.from / cellSide, horizontal.to / cellSide];
  const offset = horizontal.start / cellSide;
  for (let row = vertical.from / cellSide; row < vertical.to / cellSide; row++) {
    const source = (row - vertical.start / cellSide) * own;
    into.set(cells.subarray(source + left - offset, source + right - offset), row * columns + left);
  }
}
