/** An encoder at work: from an image to maps of features. */

import { withChannels } from "../faults/portable.ts";
import { cutModel } from "../onnx/index.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Engine, Program } from "../runtime/index.ts";
import type { EncoderRecord, PixelPreparation, Tap } from "./description.ts";

/** Features of an image at one tap, [channels, rows, columns]. */
export interface FeatureMap {
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** An encoder that is ready to run. */
export interface OpenEncoder {
  readonly record: EncoderRecord;
  /** Features of an image as it is, at every tap in the order of the record. */
  run(image: RawImage): Promise<readonly FeatureMap[]>;
  dispose(): Promise<void>;
}

/** Opens an encoder, cut to its taps. Throws RunError where the engine does not take it, FormatError where the bytes are no model. */
export async function openEncoder(engine: Engine, model: Uint8Array, record: EncoderRecord): Promise<OpenEncoder> {
  const names = record.taps.map(({ name }) => name);
  const program = await engine.load(cutModel(model, names), { weights: "constant" });
  return {
    record,
    run: (image) => runEncoder(program, record, image),
    dispose: () => program.dispose(),
  };
}

async function runEncoder(program: Program, record: EncoderRecord, image: RawImage): Promise<readonly FeatureMap[]> {
  const { height, width } = image;
  const data = encoderInput(image, record.preparation);
  const results = await program.run({ [record.input]: { data, shape: [1, 3, height, width] } });
  return record.taps.map((tap) => featureMap(tap, results[tap.name]!, image));
}

/** Pixels as an encoder takes them: [3, height, width]. Grey is repeated. */
export function encoderInput(image: RawImage, { range, mean, std, colours }: PixelPreparation): Float32Array {
  const { pixels, height, width } = withChannels(image, 3);
  const area = height * width;
  const [low, high] = range;
  const data = new Float32Array(3 * area);
  for (let channel = 0; channel < 3; channel++) {
    // Means and deviations are given in the order of the input's channels, whatever these are.
    const source = (colours === "bgr" ? 2 - channel : channel) * area;
    const step = (high - low) / 255;
    for (let pixel = 0; pixel < area; pixel++) {
      data[channel * area + pixel] = (low + pixels[source + pixel]! * step - mean[channel]!) / std[channel]!;
    }
  }
  return data;
}

/** What a tap gives for the first image of a run, as a map. */
export function featureMap(
  { layout, channels, prefix, stride }: Tap,
  { data, shape }: { readonly data: Float32Array | Uint8Array; readonly shape: readonly number[] },
  size: { readonly height: number; readonly width: number },
): FeatureMap {
  const values = Float32Array.from(
    data.subarray(
      0,
      shape.slice(1).reduce((product, n) => product * n, 1),
    ),
  );
  if (layout === "maps") return { channels, rows: shape[2]!, columns: shape[3]!, values };
  const [rows, columns] =
    layout === "tokens" ? [Math.floor(size.height / stride), Math.floor(size.width / stride)] : [shape[1]!, shape[2]!];
  const turned = new Float32Array(channels * rows * columns);
  for (let cell = 0; cell < rows * columns; cell++) {
    const source = (prefix + cell) * channels;
    for (let channel = 0; channel < channels; channel++) {
      turned[channel * rows * columns + cell] = values[source + channel]!;
    }
  }
  return { channels, rows, columns, values: turned };
}
