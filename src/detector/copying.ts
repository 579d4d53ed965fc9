/** A detector's files as they may go to strangers: everything that scoring needs, checked, and no path of the machine that it was made on. Portable. */
import { type DetectorFile, manifestName } from "./file-names.ts";
import type { FileReader } from "./file-reader.ts";
import { type Manifest, writeManifest } from "./manifest.ts";
import { readCheckedFile, readManifest } from "./reading.ts";

/** A detector to be written elsewhere. */
export interface DetectorCopy {
  readonly manifest: Manifest;
  /** Every file by its name, the manifest last. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/**
 * Copies a detector. Its weights, scores and calibration are the same; of the places that its images came from only the last name is kept.
 * Throws ConfigError where there is none, FormatError for damage.
 */
export async function copyDetector(files: FileReader): Promise<DetectorCopy> {
  const original = await readManifest(files);
  const copied = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const name of Object.keys(original.files) as DetectorFile[]) {
    copied.set(name, await readCheckedFile(files, name, original));
  }
  const { formerCalibration: _, ...kept } = original;
  const { normal, general, outliers } = original.data;
  const manifest: Manifest = {
    ...kept,
    data: { normal: named(normal), general: general && named(general), outliers: outliers && named(outliers) },
    generalDetector: original.generalDetector && {
      ...original.generalDetector,
      folder: lastName(original.generalDetector.folder),
    },
    ...(original.calibrated && { calibrated: named(original.calibrated) }),
  };
  copied.set(manifestName, new Uint8Array(new TextEncoder().encode(await writeManifest(manifest))));
  return { manifest, files: copied };
}

function named<Data extends { readonly location: string }>(data: Data): Data {
  return { ...data, location: lastName(data.location) };
}

/** The last name of a path; what follows `#` selects and stays. */
function lastName(location: string): string {
  const name = location
    .split(/[\\/]/)
    .filter((part) => part !== "")
    .at(-1);
  return name ?? "images";
}
