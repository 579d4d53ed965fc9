/** The numbers of a paper's figures, made in the page: the quickstart's detector scores images that are made there, too. */
import { randomKey } from "../../src/base/index.ts";
import { makeImages } from "../../src/made/index.ts";
import { type Frame, openWebDetector } from "../engine/index.ts";

/** A detector of the quickstart. */
export interface FigureSource {
  /** The address of its folder. */
  readonly detector: string;
}

/** Images of one kind under the detector. */
export interface FigureSet {
  readonly name: string;
  /** log p under the normal and the general flow, nats. */
  readonly normal: readonly number[];
  readonly general: readonly number[];
  /** -log p of every scale, the finest first, nats. */
  readonly scales: readonly (readonly number[])[];
}

const imagesOfASet = 120;
/** A divisor of that. */
const atOnce = 20;

/** Scores normal and odd images, which differ in the shape of one object alone. `onDone` hears the share that is done. */
export async function figureSets(
  { detector: folder }: FigureSource,
  onDone: (share: number) => void,
  signal: AbortSignal,
): Promise<readonly FigureSet[]> {
  const detector = await openWebDetector(folder, { signal });
  // A worker that is ended rejects what waits for it.
  const close = (): void => detector.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    const { input, training } = detector.manifest;
    const sets: FigureSet[] = [];
    for (const [position, [kind, name]] of [
      ["normal", "normal: a ring"],
      ["crosses", "odd: a cross"],
    ].entries()) {
      const made = makeImages({
        kind: kind as "normal" | "crosses",
        count: imagesOfASet,
        specification: input,
        key: randomKey("figures of the paper"),
      });
      const size = input.height * input.width;
      const [normal, general]: [number[], number[]] = [[], []];
      const scales: number[][] = Array.from({ length: training.model.scales }, () => []);
      for (let first = 0; first < imagesOfASet; first += atOnce) {
        const frames = Array.from({ length: atOnce }, (_, at) =>
          frameOf(made.pixels.subarray((first + at) * size, (first + at + 1) * size), input),
        );
        for (const found of await detector.scoreFrames(frames)) {
          if ("reason" in found) throw new Error(found.reason);
          const { likelihood, ratio } = found.scores;
          normal.push(-likelihood!);
          general.push(ratio! - likelihood!);
          for (const [scale, values] of scales.entries()) values.push(found.scores[`scale-${scale}`]!);
        }
        onDone((position * imagesOfASet + first + atOnce) / (2 * imagesOfASet));
      }
      sets.push({ name: name!, normal, general, scales });
    }
    return sets;
  } finally {
    signal.removeEventListener("abort", close);
    detector.close();
  }
}

function frameOf(grey: Uint8Array, { height, width }: { readonly height: number; readonly width: number }): Frame {
  const rgba = new Uint8ClampedArray(4 * grey.length);
  for (const [pixel, level] of grey.entries()) {
    rgba.fill(level, 4 * pixel, 4 * pixel + 3);
    rgba[4 * pixel + 3] = 255;
  }
  return { rgba, height, width };
}
