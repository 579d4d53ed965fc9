/** What is asked of folders of images and answered, as schemas. */
import { z } from "zod";
import { runSchema } from "./schemas.ts";

/** What is in a folder of the machine. */
export const placeSchema = z.object({
  path: z.string(),
  parent: z.string().nullable(),
  folders: z.array(z.string()),
  more: z.boolean().describe("Whether there are more folders than are listed"),
  images: z.number().describe("Image files in it, not counting those in its folders"),
});

/** A folder in a list. */
export const knownFolderSchema = z.object({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  added: z.number(),
});

const tally = z.object({ name: z.string(), count: z.number() });
const problem = z.object({ name: z.string(), reason: z.string() });

/** What is known of a folder. */
export const folderSchema = z.object({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  format: z.string(),
  images: z.number(),
  classes: z.array(tally),
  ignored: z.array(z.object({ what: z.string(), count: z.number(), example: z.string() })),
  problems: z.array(problem).describe("What could not be opened; the first of them"),
  problemCount: z.number(),
  remarks: z.array(z.string()),
  look: runSchema.nullable().describe("The latest close look, whether it has ended or not"),
  inspection: z
    .object({
      sizes: z.array(tally),
      sizeCount: z.number(),
      channels: z.array(tally),
      unreadable: z.array(problem),
      unreadableCount: z.number(),
      found: z.array(z.object({ kind: z.string(), images: z.number(), groups: z.number() })),
      heldOut: z.number().describe("Images that a training keeps out for calibration: the very ones"),
      trained: z.number(),
      leftOut: z.number().describe("Images that are not trained on because they equal one that is held out"),
      objection: z.string().nullable().describe("Why a training could not begin with these images"),
    })
    .nullable(),
});

/** Which images are asked for. */
export const imagesQuery = z.strictObject({
  from: z.coerce.number().int().min(0).default(0),
  count: z.coerce.number().int().min(1).max(1000).default(200),
  class: z.string().max(1000).optional(),
  /** What a close look has found, or `held-out`. */
  found: z.string().max(40).optional(),
});

/** Images, and how many there are in all. */
export const imagesSchema = z.object({
  count: z.number(),
  images: z.array(z.object({ index: z.number(), name: z.string(), class: z.string().nullable() })),
});

/** How large a picture is. */
export const pictureQuery = z.strictObject({ side: z.coerce.number().int().min(16).max(1024).default(128) });

/** The settings of a training that decide over the split. */
export const inspectBody = z.strictObject({
  heldOut: z.number().gt(0).lt(1).default(0.1),
  seed: z.number().int().min(0).default(0),
  size: z.number().int().min(1).max(4096).default(32),
});
