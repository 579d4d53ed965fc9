/** What a person says of an encoder in a JSON beside it, and what is known of it once it was looked at. */
import { z } from "zod";

const size = z.number().int().min(1);
const perChannel = z.union([z.array(z.number()).length(1), z.array(z.number()).length(3)]);

/** The JSON beside an encoder. What is left out is guessed. */
export const encoderDescriptionSchema = z
  .object({
    /** What pixels of 0 and 255 become, before `mean` and `std`: [0, 1], [-1, 1], [0, 255]. */
    range: z.tuple([z.number(), z.number()]).optional(),
    /** Subtracted from what `range` makes of pixels; one number or one for red, green and blue. */
    mean: perChannel.optional(),
    /** What remains is divided by these. */
    std: perChannel.refine((all) => all.every((value) => value > 0), "expected positive numbers").optional(),
    /** Order of the channels. */
    colours: z.enum(["rgb", "bgr"]).default("rgb"),
    /** Side of the square that images become, or [height, width]. */
    size: z.union([size, z.tuple([size, size])]).optional(),
    /** Values of the model whose features are used. */
    taps: z.array(z.string().min(1)).min(1).optional(),
    /** Where it comes from and its licence, for whoever reads the file. */
    about: z.string().optional(),
  })
  .strict();

/** What a person says of an encoder. */
export type EncoderDescription = z.infer<typeof encoderDescriptionSchema>;

/** How pixels become numbers: ((low + pixel (high - low) / 255) - mean) / std. */
const preparationSchema = z
  .object({
    range: z.tuple([z.number(), z.number()]),
    mean: z.array(z.number()).length(3),
    std: z.array(z.number().positive()).length(3),
    colours: z.enum(["rgb", "bgr"]),
  })
  .strict();

/** How pixels become the encoder's input. */
export type PixelPreparation = z.infer<typeof preparationSchema>;

/** One place in an encoder where features are taken. */
const tapSchema = z
  .object({
    name: z.string(),
    /** "maps": [N, C, h, w]. "channels-last": [N, h, w, C]. "tokens": [N, prefix + h w, C], as vision transformers give. */
    layout: z.enum(["maps", "channels-last", "tokens"]),
    /** Pixels from one feature to the next. */
    stride: size,
    channels: size,
    /** Tokens before those that stand for a place. */
    prefix: z.number().int().min(0),
  })
  .strict();

/** One place in an encoder where features are taken. */
export type Tap = z.infer<typeof tapSchema>;

/** An encoder that was looked at: everything but its bytes. */
export const encoderRecordSchema = z
  .object({
    /** SHA-256 of the model's bytes as they were given. */
    checksum: z.string(),
    input: z.string(),
    preparation: preparationSchema,
    /** The only size that it takes, or that the person wants; absent where any will do. */
    size: z.object({ height: size, width: size }).strict().optional(),
    /** By stride, the finest first. */
    taps: z.array(tapSchema).min(1),
  })
  .strict();

/** An encoder that was looked at. */
export type EncoderRecord = z.infer<typeof encoderRecordSchema>;

/** The ranges that encoders are usually fed with, by name. */
export const usualRanges = {
  imagenet: { range: [0, 1], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  unit: { range: [0, 1], mean: [0, 0, 0], std: [1, 1, 1] },
  symmetric: { range: [-1, 1], mean: [0, 0, 0], std: [1, 1, 1] },
  bytes: { range: [0, 255], mean: [0, 0, 0], std: [1, 1, 1] },
} satisfies Record<string, Omit<PixelPreparation, "colours">>;

/** A name of a usual range. */
export type UsualRange = keyof typeof usualRanges;

/** What is said aloud about an encoder: what was guessed, and what is doubtful. */
export type EncoderNote =
  | { readonly kind: "range-guessed"; readonly range: UsualRange; readonly linearity: number }
  | {
      readonly kind: "range-doubtful";
      readonly linearity: number;
      /** The usual range under which features behave better. */
      readonly better: UsualRange;
      readonly betterLinearity: number;
    }
  | { readonly kind: "taps-guessed"; readonly taps: readonly Tap[]; readonly from: "outputs" | "inside" }
  | { readonly kind: "size-fixed"; readonly height: number; readonly width: number };

/** A note as one line in lower case without a full stop. */
export function describeNote(note: EncoderNote): string {
  switch (note.kind) {
    case "range-guessed":
      return `encoder: nobody says what range its pixels have, so that they are given as ${rangeWords(note.range)}, under which its features behave best`;
    case "range-doubtful":
      return `encoder: under the range that it is given, half the contrast makes ${share(note.linearity)} of the change, under ${rangeWords(note.better)} ${share(note.betterLinearity)}: the range is probably wrong`;
    case "taps-guessed":
      return `encoder: features are taken at ${note.taps.map(({ name, stride }) => `'${name}' (every ${stride} pixels)`).join(", ")}`;
    case "size-fixed":
      return `encoder: it takes images of ${note.height}x${note.width} pixels only, to which all are stretched`;
  }
}

function rangeWords(range: UsualRange): string {
  return { imagenet: "ImageNet's mean and deviation", unit: "0 to 1", symmetric: "-1 to 1", bytes: "0 to 255" }[range];
}

function share(linearity: number): string {
  return `${Math.round(100 * 2 ** -linearity)} %`;
}
