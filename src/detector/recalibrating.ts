/**
 * Another calibration for a detector that is there, without training. The manifest is replaced whole; what it said before is kept in a file
 * beside it, from which it can be taken back. Models and graphs stay as they are.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError, FormatError, messageOf, RunError } from "../base/index.ts";
import { takeLock, writeFileAtomic } from "../data/index.ts";
import { calibrationFields } from "./calibration-schema.ts";
import { checksumOf } from "./checksum.ts";
import { formerFolder, manifestName } from "./file-names.ts";
import { loadManifest } from "./folder.ts";
import { formatVersion, type Manifest, writeManifest } from "./manifest.ts";

/** What a calibration settles: how scores become p-values, and how images are marked unless somebody asks for another rule. */
export type CalibrationPart = Pick<Manifest, "calibration" | "defaultScore" | "decision" | "calibrated">;

/** A detector after its calibration was replaced. */
export interface Recalibrated {
  readonly manifest: Manifest;
  /** The file that keeps the calibration from before. */
  readonly kept: string;
}

const kind = "outglow calibration";

const formerSchema = z.strictObject({
  kind: z.literal(kind),
  formatVersion: z.literal(1),
  /** How images were prepared: a calibration says nothing of images that are prepared otherwise. */
  input: z.unknown(),
  ...calibrationFields,
  formerCalibration: z.strictObject({ file: z.string(), checksum: z.string() }).optional(),
});

/**
 * Puts a calibration in the place of the one in `before`, the manifest that it was made for.
 * Throws ConfigError where somebody else does so at the moment or has changed the detector since, RunError where the disk refuses; the
 * detector is as it was then.
 */
export function replaceCalibration(folder: string, before: Manifest, part: CalibrationPart): Promise<Recalibrated> {
  return alone(folder, async () => {
    const present = await unchanged(folder, before);
    const former = await keep(folder, present);
    return put(folder, { ...partless(present), ...part, formerCalibration: former }, former.file);
  });
}

/**
 * Takes back the last calibration: the one before it counts again, decision and all. The one that is taken back is kept, too. `before` is the
 * manifest that it is taken back from, where the caller means a certain one.
 * Throws ConfigError where there is none to go back to and as `replaceCalibration`, FormatError where its file is damaged or of images that are
 * prepared otherwise.
 */
export function undoCalibration(folder: string, before?: Manifest): Promise<Recalibrated> {
  return alone(folder, async () => {
    const present = before ? await unchanged(folder, before) : await loadManifest(folder);
    const { formerCalibration } = present;
    if (formerCalibration === undefined) {
      throw new ConfigError({
        code: "not-found",
        subject: `detector '${folder}'`,
        expected: "a calibration before the present one",
        got: "only the one of its training",
      });
    }
    const {
      calibration,
      defaultScore,
      decision,
      calibrated,
      formerCalibration: earlier,
    } = await readFormer(folder, present);
    const { file } = await keep(folder, present);
    const back = { ...partless(present), calibration, defaultScore, decision, calibrated, formerCalibration: earlier };
    return put(folder, back, file);
  });
}

/** The manifest in a folder. Throws ConfigError where it is another than `before`. */
async function unchanged(folder: string, before: Manifest): Promise<Manifest> {
  const present = await loadManifest(folder);
  if (JSON.stringify(present) === JSON.stringify(before)) return present;
  throw new ConfigError({
    code: "busy",
    subject: `detector '${folder}'`,
    expected: "the detector that was loaded",
    got: "one that somebody changed meanwhile",
    remedy: { key: "other", text: "calibrate again" },
  });
}

/** A manifest without the optional parts of its calibration. */
function partless({ decision: _, calibrated: __, formerCalibration: ___, ...rest }: Manifest): Manifest {
  return rest;
}

async function put(folder: string, manifest: Manifest, file: string): Promise<Recalibrated> {
  // Without the optional parts that are undefined, as if it had been read.
  const plain = JSON.parse(JSON.stringify({ ...manifest, formatVersion })) as Manifest;
  await writeFileAtomic(join(folder, manifestName), await writeManifest(plain));
  return { manifest: await loadManifest(folder), kept: join(folder, formerFolder, file) };
}

/** Writes what a manifest says of its calibration under a new name. */
async function keep(folder: string, manifest: Manifest): Promise<NonNullable<Manifest["formerCalibration"]>> {
  const { input, calibration, defaultScore, decision, calibrated, formerCalibration } = manifest;
  const parts = { kind, formatVersion: 1, input, calibration, defaultScore, decision, calibrated, formerCalibration };
  const text = `${JSON.stringify(parts)}\n`;
  for (let number = 1; ; number++) {
    const file = `calibration-${number}.json`;
    try {
      await writeFileAtomic(join(folder, formerFolder, file), text, { replace: false });
      return { file, checksum: await checksumOf(text) };
    } catch (error) {
      if (!(error instanceof ConfigError && error.fault?.code === "exists")) throw error;
    }
  }
}

async function readFormer(folder: string, { input, formerCalibration }: Manifest) {
  const path = join(folder, formerFolder, formerCalibration!.file);
  const damaged = (expected: string, got: string): FormatError =>
    new FormatError({ code: "damaged", subject: `'${path}'`, expected, got, remedy: { key: "copy-detector-again" } });
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw damaged("the former calibration", messageOf(error));
  });
  if ((await checksumOf(text)) !== formerCalibration!.checksum) {
    throw damaged("content that matches its checksum", "something else");
  }
  const parsed = formerSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw damaged("a calibration", parsed.error.issues[0]?.message ?? "something else");
  if (JSON.stringify(parsed.data.input) !== JSON.stringify(input)) {
    throw damaged("a calibration of images that are prepared alike", "one of another preparation");
  }
  return parsed.data;
}

/** Does something while nobody else changes the calibration. */
async function alone<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, formerFolder, "lock");
  // There is something to calibrate before anything is made.
  await loadManifest(folder);
  const outcome = await mkdir(join(folder, formerFolder), { recursive: true })
    .then(() => takeLock(path))
    .catch((error: unknown) => {
      throw new RunError({
        code: "unwritable",
        subject: `detector '${folder}'`,
        expected: "a folder that can be written",
        got: messageOf(error),
        remedy: { key: "unchanged" },
      });
    });
  if ("holder" in outcome) {
    const { pid } = outcome.holder;
    throw new ConfigError({
      code: "busy",
      subject: `detector '${folder}'`,
      expected: "one calibration at a time",
      got: pid === null ? "another at work" : `process ${pid} at work on another`,
      remedy: { key: "stop-or-delete", what: "it", path },
    });
  }
  try {
    return await work();
  } finally {
    await outcome.lock.release();
  }
}
