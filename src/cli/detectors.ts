/** Detectors for commands: their engine options checked and completed. */
import { availableParallelism } from "node:os";
import { type Detector, loadManifest } from "../detector/index.ts";
import { requireDevice } from "../runtime/index.ts";
import { openDetector, refuseGeneral } from "../workflow/index.ts";
import type { EngineOptions } from "./options.ts";

/** Loads a detector with the engine options of a command. Throws as `openDetector`, RunError where the device does not work. */
export async function openDetectorWith(folder: string, { threads, device }: EngineOptions): Promise<Detector> {
  refuseGeneral(folder, await loadManifest(folder));
  await requireDevice(device);
  return openDetector(folder, { threads: threads ?? availableParallelism(), device });
}
