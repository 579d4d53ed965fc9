/** A detector written into a folder. */
import { decoderVersions, measureCoderBits } from "../data/index.ts";
import type { Engine } from "../runtime/index.ts";
import type { Manifest } from "./manifest.ts";
import { writeFiles } from "./replacing.ts";
import { type DetectorParts, makeDetector } from "./writing.ts";

/**
 * Calibrates on the held-out images and writes a detector into a folder. The manifest comes last and names the checksum of every other
 * file, so a folder that was left half-written is never taken for a detector. A detector that was there works until the new one does,
 * whatever happens in between (`pendingName`). Throws RunError where the engine or a coder fails or the disk refuses.
 */
export async function writeDetector(folder: string, parts: DetectorParts, engine: Engine): Promise<Manifest> {
  const versions = { node: process.versions.node, ...decoderVersions() };
  const { manifest, text, files } = await makeDetector(parts, { engine, coders: measureCoderBits, versions });
  await writeFiles(folder, files, text);
  return manifest;
}
