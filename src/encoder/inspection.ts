/** From an ONNX file and perhaps a JSON beside it to an encoder whose input, range and taps are known. */
import { createHash } from "node:crypto";
import { ConfigError, FormatError } from "../base/index.ts";
import { cutModel, type ModelOutline, outlineModel } from "../onnx/index.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Engine, Program } from "../runtime/index.ts";
import {
  type EncoderDescription,
  type EncoderNote,
  type EncoderRecord,
  encoderDescriptionSchema,
  type PixelPreparation,
  type Tap,
  usualRanges,
} from "./description.ts";
import { encoderInput, featureMap } from "./features.ts";
import { compareRanges, doubtfulDifference, linearityOf, trialImages } from "./range.ts";
import { chooseTaps, featureValues, tapOf } from "./taps.ts";

/** Side of the images that an encoder of any size is looked at with. */
const trialSide = 224;

const float32 = 1;

/** An encoder that was looked at, and what there is to say about it. */
export interface InspectedEncoder {
  readonly record: EncoderRecord;
  readonly notes: readonly EncoderNote[];
}

/** The SHA-256 of an encoder's bytes, in hexadecimal. */
function encoderChecksum(model: Uint8Array): string {
  return createHash("sha256").update(model).digest("hex");
}

/** Throws FormatError where these are not the bytes that an encoder was looked at with. */
export function checkEncoder(model: Uint8Array, record: Pick<EncoderRecord, "checksum">): void {
  const checksum = encoderChecksum(model);
  if (checksum === record.checksum) return;
  throw new FormatError({
    code: "mismatch",
    subject: "encoder",
    expected: `the model with SHA-256 ${record.checksum.slice(0, 12)}`,
    got: `one with ${checksum.slice(0, 12)}`,
  });
}

/**
 * Looks at an encoder: runs it once with everything that could be a tap as an output, and a few times to check the range of its pixels. Throws
 * FormatError where the model cannot be an encoder of images, ConfigError for taps that are none.
 */
export async function inspectEncoder(
  engine: Engine,
  model: Uint8Array,
  description: EncoderDescription = encoderDescriptionSchema.parse({}),
): Promise<InspectedEncoder> {
  const outline = outlineModel(model);
  const notes: EncoderNote[] = [];
  const { name: input, shape } = imageInput(outline);
  const size = sizeOf(shape, description);
  if (size && shape[2] !== undefined) notes.push({ kind: "size-fixed", ...size });
  const { height, width } = size ?? { height: trialSide, width: trialSide };
  const images = trialImages(height, width);
  const fitting = { ...usualRanges.imagenet, colours: description.colours } as PixelPreparation;
  const shapesOf = async (names: readonly string[]): Promise<readonly Tap[]> => {
    if (names.length === 0) return [];
    const program = await engine.load(cutModel(model, names));
    try {
      const data = encoderInput(images[0]!, fitting);
      const results = await program.run({ [input]: { data, shape: [1, 3, height, width] } });
      return names.flatMap((name) => tapOf(name, results[name]!.shape, { height, width }) ?? []);
    } finally {
      await program.dispose();
    }
  };
  const { taps, note } = await findTaps(outline, input, description, shapesOf);
  if (note) notes.push(note);

  const program = await engine.load(
    cutModel(
      model,
      taps.map(({ name }) => name),
    ),
  );
  try {
    const { preparation, note: doubt } = await findRange(program, input, taps[0]!, description, images);
    if (doubt) notes.push(doubt);
    await checkFeatures(program, input, taps[0]!, preparation, images[0]!);
    const record = { checksum: encoderChecksum(model), input, preparation, taps: [...taps], ...(size ? { size } : {}) };
    return { record, notes };
  } finally {
    await program.dispose();
  }
}

/** Throws FormatError where features are no numbers, or the same everywhere: in a range so wrong that nothing is left of an image. */
async function checkFeatures(
  program: Program,
  input: string,
  tap: Tap,
  preparation: PixelPreparation,
  image: RawImage,
): Promise<void> {
  const { height, width } = image;
  const data = encoderInput(image, preparation);
  const results = await program.run({ [input]: { data, shape: [1, 3, height, width] } });
  const { channels, values } = featureMap(tap, results[tap.name]!, image);
  const area = values.length / channels;
  const varies = values.some((value, index) => value !== values[index - (index % area)]);
  if (values.every(Number.isFinite) && varies) return;
  throw new FormatError({
    code: "unsupported",
    subject: "encoder",
    expected: "features that differ from place to place",
    got: varies ? "numbers that are not finite" : "the same ones everywhere",
    remedy: { key: "other", text: "say the range of its pixels in a JSON beside it" },
  });
}

function imageInput({ inputs }: ModelOutline): ModelOutline["inputs"][number] {
  const [input] = inputs;
  const wanted = "one input of float32 [n, 3, height, width]";
  const refuse = (got: string) => new FormatError({ code: "unsupported", subject: "encoder", expected: wanted, got });
  if (!input || inputs.length !== 1) throw refuse(`${inputs.length} inputs`);
  const { shape, elementType } = input;
  const shown = `[${shape.map((dimension) => dimension ?? "any").join(", ")}]`;
  if (elementType !== float32) throw refuse(`'${input.name}' of another element type`);
  if (shape.length !== 4 || shape[1] !== 3 || (shape[0] ?? 1) !== 1) throw refuse(`'${input.name}' ${shown}`);
  if ((shape[2] === undefined) !== (shape[3] === undefined)) throw refuse(`'${input.name}' ${shown}`);
  return input;
}

function sizeOf(shape: readonly (number | undefined)[], { size }: EncoderDescription): EncoderRecord["size"] {
  const wanted = size === undefined ? undefined : typeof size === "number" ? ([size, size] as const) : size;
  const [, , height, width] = shape;
  if (height === undefined || width === undefined) {
    return wanted ? { height: wanted[0], width: wanted[1] } : undefined;
  }
  if (wanted && (wanted[0] !== height || wanted[1] !== width)) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: "encoder",
      expected: `images of ${height}x${width}, the only ones that it takes`,
      got: `${wanted[0]}x${wanted[1]} in its description`,
    });
  }
  return { height, width };
}

async function findTaps(
  outline: ModelOutline,
  input: string,
  { taps }: EncoderDescription,
  shapesOf: (names: readonly string[]) => Promise<readonly Tap[]>,
): Promise<{ readonly taps: readonly Tap[]; readonly note?: EncoderNote }> {
  const features = featureValues(outline, input);
  if (taps) {
    const found = await shapesOf(taps.filter((name) => features.includes(name)));
    if (found.length < taps.length) {
      const missing = taps.find((name) => !found.some((tap) => tap.name === name))!;
      throw new ConfigError({
        code: "unknown-name",
        subject: "encoder",
        expected: "taps that are maps of features or grids of tokens",
        got: `'${missing}', which is none`,
      });
    }
    return { taps: found.toSorted((a, b) => a.stride - b.stride) };
  }
  const outputs = chooseTaps(await shapesOf(outline.outputs.filter((name) => features.includes(name))));
  // A whole model gives classes or boxes, a backbone its features: with two strides or a grid of tokens it is one.
  const isBackbone = outputs.length > 1 || outputs[0]?.layout === "tokens";
  const inside = isBackbone ? [] : chooseTaps(await shapesOf(features));
  const best = inside.length > outputs.length ? inside : outputs;
  if (best.length === 0) {
    throw new FormatError({
      code: "unsupported",
      subject: "encoder",
      expected: "maps of features or grids of tokens",
      got: "a model without any",
    });
  }
  return { taps: best, note: { kind: "taps-guessed", taps: best, from: best === outputs ? "outputs" : "inside" } };
}

async function findRange(
  program: Program,
  input: string,
  tap: Tap,
  { range, mean, std, colours }: EncoderDescription,
  images: Parameters<typeof linearityOf>[4],
): Promise<{ readonly preparation: PixelPreparation; readonly note?: EncoderNote }> {
  const ranked = await compareRanges(program, input, tap, colours, images);
  const [best] = ranked as [(typeof ranked)[number]];
  if (!range && !mean && !std) {
    const preparation = { ...usualRanges[best.range], colours } as PixelPreparation;
    return { preparation, note: { kind: "range-guessed", ...best } };
  }
  const three = (values: readonly number[]) =>
    values.length === 1 ? [values[0]!, values[0]!, values[0]!] : [...values];
  const preparation: PixelPreparation = {
    range: range ?? [0, 1],
    mean: three(mean ?? [0]),
    std: three(std ?? [1]),
    colours,
  };
  const linearity = await linearityOf(program, input, tap, preparation, images);
  if (linearity - best.linearity <= doubtfulDifference) return { preparation };
  const note = { kind: "range-doubtful", linearity, better: best.range, betterLinearity: best.linearity } as const;
  return { preparation, note };
}
