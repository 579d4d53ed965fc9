/** `detector.json`: what a detector is, complete and checked. The format version rises when an older program could misread it. */
import { z } from "zod";
import { type Fault, FormatError, messageOf, roles } from "../base/index.ts";
import { type CellRecord, cellRecordSchema } from "../cells/portable.ts";
import { type EncoderExpertRecord, encoderExpertSchema } from "../encoder/portable.ts";
import { type FaultRecord, faultRecordSchema } from "../faults/portable.ts";
import { issueParts, preparationFields, trainingSchema } from "../model/index.ts";
import { calibrationFields } from "./calibration-schema.ts";
import { checksumOf } from "./checksum.ts";
import {
  cellsFile,
  detectorFiles,
  encoderFile,
  faultsFile,
  featuresFile,
  formerPattern,
  type ModelName,
  modelFiles,
  otherFeaturesFile,
} from "./file-names.ts";

/** The version that is written. */
export const formatVersion = 2;

/** The versions that are read. 1: what was written before there were fits of many kinds, faults, encoders and joined scores in it, and for a while with them. */
const formatVersions: readonly unknown[] = [1, 2];

const positive = z.number().int().min(1);
/** A side or channels of images: no camera has more, and no number of bytes overflows. */
const extent = positive.max(2 ** 16);
const sides = ["channels", "height", "width"] as const;
const checksum = z.string().regex(/^[0-9a-f]{64}$/);

const dataSchema = z.strictObject({
  /** Where the images came from, as it was given. */
  location: z.string(),
  count: positive,
  /** SHA-256 of the prepared pixels, hexadecimal. */
  fingerprint: z.string(),
});

/** Its files have the names that the program gives them: nothing in a manifest leads to other files. */
const modelSchema = <Name extends ModelName>(name: Name) =>
  z.strictObject({
    weights: z.literal(modelFiles[name].weights),
    graph: z.literal(modelFiles[name].graph),
    /** Steps trained; null for a model taken from another detector. */
    steps: z.number().int().min(0).nullable(),
    /** Held-out bits/dim of the kept weights; null for a model taken from another detector, for a classifier and where no evaluation was finite. */
    heldOutBitsPerDimension: z.number().nullable(),
  });

const fieldsSchema = z.strictObject({
  kind: z.literal("outglow detector"),
  formatVersion: z.union([z.literal(1), z.literal(2)]),
  /** A general model has the form of a detector, but its normal model is one of images of everything. */
  role: z.enum(roles).default("detector"),
  versions: z.strictObject({
    outglow: z.string(),
    onnxruntime: z.string(),
    node: z.string(),
    sharp: z.string(),
    libvips: z.string(),
  }),
  input: z.strictObject({
    channels: extent,
    height: extent,
    width: extent,
    ...preparationFields,
    type: z.literal("uint8"),
    layout: z.literal("NCHW"),
    transform: z.literal("x = pixel / 256 - 0.5 + 1 / 512"),
  }),
  orientation: z.literal("higher is more anomalous"),
  unit: z.literal("nats"),
  models: z.strictObject({
    normal: modelSchema("normal"),
    general: modelSchema("general").nullable(),
    /** A flow of patches of the normal images. */
    local: modelSchema("local").nullable().default(null),
    /** A classifier of the normal images' classes, which `training` names. */
    classifier: modelSchema("classifier").nullable().default(null),
  }),
  /** The part that looks for local faults at the images' own size. */
  faults: z
    .strictObject({ weights: z.literal(faultsFile), record: faultRecordSchema })
    .nullable()
    .default(null),
  /** The flows that look at cells of images. Only where there are some, so that earlier programs read all others. */
  cells: z.strictObject({ weights: z.literal(cellsFile), record: cellRecordSchema }).exactOptional(),
  /** What judges images by an encoder's features. Only where there is one, so that earlier programs read all others. */
  encoder: z
    .strictObject({
      model: z.literal(encoderFile),
      features: z.literal(featuresFile),
      record: encoderExpertSchema,
    })
    .exactOptional(),
  /** The same encoder's features, compared in the other way. */
  "encoder-other": z
    .strictObject({ features: z.literal(otherFeaturesFile), record: encoderExpertSchema })
    .exactOptional(),
  data: z.strictObject({
    normal: dataSchema,
    general: dataSchema.nullable(),
    outliers: dataSchema.nullable().default(null),
  }),
  /** Where the general model came from if another detector gave it: that detector's folder and SHA-256 of the weights file read there. */
  generalDetector: z.strictObject({ folder: z.string(), weights: z.string() }).nullable(),
  /** How many things the normal images show, where those of one thing stayed on one side of the split. */
  things: positive.exactOptional(),
  training: trainingSchema,
  ...calibrationFields,
  /** The calibration before this one, in the folder of former ones: its file and that file's SHA-256. */
  formerCalibration: z.strictObject({ file: z.string().regex(formerPattern), checksum }).optional(),
  /** SHA-256 of every other file, hexadecimal. */
  files: z.partialRecord(z.enum(detectorFiles), checksum),
});

/** More scales than a side can be halved. */
const mostScales = 16;

/** Far beyond what training makes, and little enough to be allocated unseen. */
const [mostLevel, mostWidth, mostFolds] = [2 ** 13, 128, 64];

function isModest({ settings, folds }: FaultRecord): boolean {
  const { levels, width } = settings;
  return folds.length <= mostFolds && width <= mostWidth && levels.every((level) => level <= mostLevel);
}

/** More steps or channels than any cell flow has. */
const [mostDepth, mostHidden] = [64, 1024];

function isModestFlow({ settings, folds }: CellRecord): boolean {
  const { levels, depth, hidden } = settings;
  return (
    folds.length <= mostFolds &&
    depth <= mostDepth &&
    hidden <= mostHidden &&
    levels.every((level) => level <= mostLevel)
  );
}

/** Images that an encoder sees: a side beyond this is damage. */
const mostSide = 2 ** 13;

function isSeeable({ settings, encoder }: EncoderExpertRecord): boolean {
  const { height, width } = encoder.size ?? { height: 1, width: 1 };
  return [settings.side, settings.largest, settings.grid, height, width].every((side) => side <= mostSide);
}

/** What follows from several fields is checked where they meet. */
const manifestSchema = fieldsSchema
  .refine(({ input, training }) => sides.every((side) => input[side] === training.input[side]), {
    path: ["training", "input"],
    error: "expected the same size as input",
  })
  .refine(({ training }) => training.model.scales <= mostScales, {
    path: ["training", "model", "scales"],
    error: `expected number to be <=${mostScales}`,
  })
  .refine(({ faults }) => faults === null || isModest(faults.record), {
    path: ["faults", "record", "settings"],
    error: `expected levels to ${mostLevel}, width to ${mostWidth} and a fold for every network`,
  })
  .refine(({ cells }) => cells === undefined || isModestFlow(cells.record), {
    path: ["cells", "record", "settings"],
    error: `expected levels to ${mostLevel}, depth to ${mostDepth}, ${mostHidden} hidden channels and a fold for every pair of flows`,
  })
  .refine(({ encoder }) => encoder === undefined || isSeeable(encoder.record), {
    path: ["encoder", "record"],
    error: `expected sides to ${mostSide}`,
  })
  .refine(({ encoder, "encoder-other": other }) => other === undefined || (encoder && isSeeable(other.record)), {
    path: ["encoder-other", "record"],
    error: `expected sides to ${mostSide} and an encoder`,
  });

/** What `detector.json` says, checked (docs/format.md). */
export type Manifest = z.infer<typeof manifestSchema>;

/** The text of `detector.json`, with a checksum over itself. */
export async function writeManifest(manifest: Manifest): Promise<string> {
  const sum = await checksumOf(JSON.stringify(manifest));
  return `${JSON.stringify({ ...manifest, checksum: sum }, null, 2)}\n`;
}

/** Parses and checks `detector.json`, called `where` in messages. Throws FormatError for damage and for other format versions. */
export async function parseManifest(text: string, where: string): Promise<Manifest> {
  const content = parseObject(text, where);
  if (!formatVersions.includes(content.formatVersion)) throw otherVersion(content.formatVersion, where);
  const { checksum: sum, ...rest } = content;
  if (sum !== (await checksumOf(JSON.stringify(rest)))) {
    throw damaged(where, "content that matches its checksum", "something else");
  }
  const result = manifestSchema.safeParse(rest);
  if (result.success) return result.data;
  const { path, expected, got } = issueParts(result.error, rest);
  throw damaged(path === "" ? where : `${where}: ${path}`, expected, got);
}

/** The JSON object of a detector's manifest, its fields unchecked. */
function parseObject(text: string, where: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw damaged(where, "JSON", messageOf(error));
  }
  if (isDetector(content)) return content;
  const fault: Fault = {
    code: "unsupported",
    subject: where,
    expected: "an outglow detector",
    got: "another file",
    remedy: { key: "choose-another" },
  };
  throw new FormatError(fault);
}

/** What a detector of a version that is not read is told to be, with the program that reads it. */
function otherVersion(version: unknown, where: string): FormatError {
  const newer = typeof version === "number" && version > formatVersion;
  return new FormatError({
    code: "unsupported",
    subject: where,
    expected: `format version ${formatVersions.join(" or ")}`,
    got: JSON.stringify(version) ?? "none",
    remedy: {
      key: "other",
      text: newer
        ? "it was written by a newer outglow: update this one, or use the one that wrote it"
        : "use the version of outglow that wrote it, or train again",
    },
  });
}

function damaged(subject: string, expected: string, got: string): FormatError {
  return new FormatError({
    code: "damaged",
    subject,
    expected,
    got,
    remedy: { key: "copy-detector-again" },
  });
}

function isDetector(content: unknown): content is Readonly<Record<string, unknown>> {
  return typeof content === "object" && content !== null && "kind" in content && content.kind === "outglow detector";
}
