/** A trained fault network at work: logits of every cell of an image at one level. Portable. */
import { freeBatch } from "../base/index.ts";
import { constant, divide, input, makeGraph, subtract, toFloat } from "../graph/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Engine, Program } from "../runtime/index.ts";
import type { PixelScale } from "./batches.ts";
import type { CellMap } from "./cell-map.ts";
import { type FaultNetwork, visibleMargin } from "./network.ts";
import { cellSide } from "./synthetic/cells.ts";

/** Longer sides than this are looked at through windows. */
const longestSide = 512;

/** Compiled sizes that are kept. */
const mostPrograms = 32;

/** Computes logits of cells. */
export interface CellLogits {
  /** Logits of an image whose sides are multiples of 8. Memory does not grow with the image beyond its own map. */
  run(image: RawImage): Promise<CellMap>;
  dispose(): Promise<void>;
}

/**
 * Opens a trained network. Programs are compiled for every size that comes along; sides above `longest` pixels, a multiple of 8, are looked at
 * through windows, with the same logits.
 */
export function openLogits(
  network: FaultNetwork,
  parameters: ParameterVectors,
  scale: PixelScale,
  engine: Engine,
  longest = longestSide,
): CellLogits {
  const programs = new Map<string, Program>();
  const programOf = async (height: number, width: number): Promise<Program> => {
    const key = `${height}x${width}`;
    const program = programs.get(key) ?? (await compile(network, parameters, scale, { height, width }, engine));
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
      for (const vertical of windowsOf(image.height, longest)) {
        for (const horizontal of windowsOf(image.width, longest)) {
          const [height, width] = [vertical.end - vertical.start, horizontal.end - horizontal.start];
          const program = await programOf(height, width);
          const pixels = cut(image, vertical, horizontal);
          const { logits } = await program.run({ images: { data: pixels, shape: [1, image.channels, height, width] } });
          copyCells(logits!.data as Float32Array, vertical, horizontal, values, columns);
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
  network: FaultNetwork,
  parameters: ParameterVectors,
  { means, deviations }: PixelScale,
  { height, width }: { readonly height: number; readonly width: number },
  engine: Engine,
): Promise<Program> {
  const { channels } = network.size;
  const graph = makeGraph();
  const images = input(graph, "images", [freeBatch, channels, height, width], "uint8");
  const perChannel = (values: readonly number[]) => constant(graph, Float32Array.from(values), [1, channels, 1, 1]);
  const x = divide(subtract(toFloat(images), perChannel(means)), perChannel(deviations));
  return engine.compile({ logits: network.scoringLogits(graph, parameters, x) }, { weights: "constant" });
}

/** A stretch of an axis in pixels that is looked at, and the part of it whose cells are taken. */
export interface Window {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Windows along an axis of `size` pixels: one where it is short, else overlapping ones of `longest`, of which the outer cells are not taken
 * because they would see the window's border where the image goes on.
 */
export function windowsOf(size: number, longest = longestSide): readonly Window[] {
  if (size <= longest) return [{ start: 0, end: size, from: 0, to: size }];
  const windows: Window[] = [];
  for (let from = 0; from < size; ) {
    const start = Math.max(0, Math.min(from - visibleMargin, size - longest));
    const end = start + longest;
    const to = end === size ? size : end - visibleMargin;
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
  logits: Float32Array,
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
    into.set(logits.subarray(source + left - offset, source + right - offset), row * columns + left);
  }
}
