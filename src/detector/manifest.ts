/** `detector.json`: what a detector is, complete and checked. The format version rises when an older program could misread it. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { FormatError, messageOf } from "../base/index.ts";
import { describeIssue, trainingSchema } from "../model/index.ts";
import { calibrationSchema } from "./calibration-schema.ts";

export const formatVersion = 1;

/** The file inside a detector. */
export const manifestName = "detector.json";

const positive = z.number().int().min(1);

const dataSchema = z.strictObject({
  /** Where the images came from, as it was given. */
  location: z.string(),
  count: positive,
  /** SHA-256 of the prepared pixels, hexadecimal. */
  fingerprint: z.string(),
});

const modelSchema = z.strictObject({
  weights: z.string(),
  graph: z.string(),
  /** Steps trained; null for a model taken from another detector. */
  steps: z.number().int().min(0).nullable(),
  /** Held-out bits/dim of the kept weights; null for a model taken from another detector, for a classifier and where no evaluation was finite. */
  heldOutBitsPerDimension: z.number().nullable(),
});

export const manifestSchema = z.strictObject({
  kind: z.literal("outglow detector"),
  formatVersion: z.literal(formatVersion),
  /** A general model has the form of a detector, but its normal model is one of images of everything. */
  role: z.enum(["detector", "general"]).default("detector"),
  versions: z.strictObject({
    outglow: z.string(),
    onnxruntime: z.string(),
    node: z.string(),
    sharp: z.string(),
    libvips: z.string(),
  }),
  input: z.strictObject({
    channels: positive,
    height: positive,
    width: positive,
    type: z.literal("uint8"),
    layout: z.literal("NCHW"),
    transform: z.literal("x = pixel / 256 - 0.5 + 1 / 512"),
  }),
  orientation: z.literal("higher is more anomalous"),
  unit: z.literal("nats"),
  defaultScore: z.string(),
  models: z.strictObject({
    normal: modelSchema,
    general: modelSchema.nullable(),
    /** A flow of patches of the normal images. */
    local: modelSchema.nullable().default(null),
    /** A classifier of the normal images' classes, which `training` names. */
    classifier: modelSchema.nullable().default(null),
  }),
  data: z.strictObject({
    normal: dataSchema,
    general: dataSchema.nullable(),
    outliers: dataSchema.nullable().default(null),
  }),
  /** Where the general model came from if another detector gave it: that detector's folder and SHA-256 of the weights file read there. */
  generalDetector: z.strictObject({ folder: z.string(), weights: z.string() }).nullable(),
  training: trainingSchema,
  calibration: calibrationSchema,
  /** SHA-256 of every other file, hexadecimal. */
  files: z.record(z.string(), z.string()),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** SHA-256 of bytes or text, hexadecimal. */
export function checksumOf(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The text of `detector.json`, with a checksum over itself. */
export function writeManifest(manifest: Manifest): string {
  const checksum = checksumOf(JSON.stringify(manifest));
  return `${JSON.stringify({ ...manifest, checksum }, null, 2)}\n`;
}

/** Parses and checks `detector.json`. Throws FormatError for damage and for other format versions. */
export function readManifest(text: string, where: string): Manifest {
  const content = parseObject(text, where);
  if (content.formatVersion !== formatVersion) {
    throw new FormatError(
      `${where}: expected format version ${formatVersion}, got ${JSON.stringify(content.formatVersion)}; ` +
        "use the version of outglow that wrote it, or train again",
    );
  }
  const { checksum, ...rest } = content;
  if (checksum !== checksumOf(JSON.stringify(rest))) {
    throw new FormatError(
      `${where}: expected content that matches its checksum, got something else; the file was damaged or edited`,
    );
  }
  const result = manifestSchema.safeParse(rest);
  if (result.success) return result.data;
  throw new FormatError(`${where}: ${describeIssue(result.error, rest)}; the file was damaged or edited`);
}

/** The JSON object of a detector's manifest, its fields unchecked. */
function parseObject(text: string, where: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${where}: expected JSON, got ${messageOf(error)}; the file was damaged or edited`);
  }
  if (isDetector(content)) return content;
  throw new FormatError(
    `${where}: expected an outglow detector, got another file; name a folder made by outglow train`,
  );
}

function isDetector(content: unknown): content is Readonly<Record<string, unknown>> {
  return typeof content === "object" && content !== null && "kind" in content && content.kind === "outglow detector";
}
