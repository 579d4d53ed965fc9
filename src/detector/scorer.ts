/** Scoring graphs at work: uint8 images in, tables of numbers out. Portable. */
import { ConfigError, FormatError, type ImageShape, imageSizeOf } from "../base/index.ts";
import type { OutputWidths } from "../model/index.ts";
import type { Engine } from "../runtime/index.ts";

/** Numbers of many images, row-major [count, width]. */
export interface OutputTable {
  readonly width: number;
  readonly values: Float32Array;
}

/** What a graph says of `count` images. */
export interface ScorerOutputs {
  readonly count: number;
  /** [count, scales, 2] with width 2 scales, of a flow. */
  readonly terms?: OutputTable;
  /** log p(x|c) of a class-conditional flow, or the logits of a classifier. */
  readonly classes?: OutputTable;
}

/** A loaded scoring graph. */
export interface Scorer {
  /** The outputs for uint8 images [N, C, H, W]. Throws ConfigError for pixels that are no whole images. */
  score(pixels: Uint8Array): Promise<ScorerOutputs>;
  dispose(): Promise<void>;
}

/** Images scored in one run: enough to fill the engine, few enough to stay in its caches. */
const scoringBatch = 64;

/** Loads the ONNX bytes of `graphOfModel`, whose outputs have these widths. Throws RunError where the engine does not take them. */
export async function loadScorer(
  bytes: Uint8Array,
  outputs: OutputWidths,
  input: ImageShape,
  engine: Engine,
): Promise<Scorer> {
  const program = await engine.load(bytes, { weights: "constant" });
  const { channels, height, width } = input;
  const size = imageSizeOf(input);
  const widths: readonly [string, number][] = Object.entries(outputs);
  return {
    async score(pixels) {
      const count = pixels.length / size;
      if (!Number.isInteger(count)) {
        const expected = `whole images of ${channels}x${height}x${width}`;
        throw new ConfigError({ code: "mismatch", subject: "pixels", expected, got: `${pixels.length} numbers` });
      }
      const tables: { readonly [name: string]: OutputTable } = Object.fromEntries(
        widths.map(([name, rowWidth]) => [name, { width: rowWidth, values: new Float32Array(count * rowWidth) }]),
      );
      for (let first = 0; first < count; first += scoringBatch) {
        const batch = pixels.subarray(first * size, Math.min(count, first + scoringBatch) * size);
        const images = batch.length / size;
        const results = await program.run({ images: { data: batch, shape: [images, channels, height, width] } });
        for (const [name, table] of Object.entries(tables)) {
          table.values.set(checkedOutput(name, results[name]?.data, images * table.width), first * table.width);
        }
      }
      const { terms, classes, logits } = tables;
      const rows = classes ?? logits;
      return { count, ...(terms && { terms }), ...(rows && { classes: rows }) };
    },
    dispose: () => program.dispose(),
  };
}

/** The numbers of an output. Throws FormatError where the graph is of another model than the manifest describes. */
function checkedOutput(name: string, data: Float32Array | Uint8Array | undefined, length: number): Float32Array {
  if (data instanceof Float32Array && data.length === length) return data;
  throw new FormatError({
    code: "damaged",
    subject: "scoring graph",
    expected: `${length} numbers as '${name}'`,
    got: data === undefined ? "none" : String(data.length),
    remedy: { key: "copy-detector-again" },
  });
}
