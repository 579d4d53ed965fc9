/** Whether a detector gives here, on every device that there is, what it gave where it was written. */
import { type Device, deviceNames, type Fault, isUserError } from "../base/index.ts";
import { type GoldenComparison, loadDetectorFolder, loadManifest } from "../detector/index.ts";
import { engineVersion, findDeviceApart } from "../runtime/index.ts";
import { completeEngine, type EngineSettings } from "./engine-settings.ts";

/** What is to be verified. */
export interface VerifyRequest {
  /** Folder of a detector or a general model. */
  readonly detector: string;
  /** Default: every device that this version of the engine knows. */
  readonly devices?: readonly Device[] | undefined;
}

/** What was found on one device. */
export interface DeviceVerdict {
  readonly device: Device;
  /** `absent`: the device does not work here, which is no failure of the detector. */
  readonly verdict: "same" | "differs" | "absent";
  readonly comparisons: readonly GoldenComparison[];
  /** What is wrong, where something is. */
  readonly fault?: Fault | undefined;
}

/** What was found, and what computes: other versions may round otherwise. */
export interface Verification {
  readonly devices: readonly DeviceVerdict[];
  readonly onnxruntime: { readonly written: string; readonly here: string };
}

/**
 * Runs a detector's golden images on devices and compares with what was recorded when it was written.
 * Throws ConfigError where there is no detector, FormatError where it is damaged: that is no matter of devices.
 *
 * @example
 * ```ts
 * import { verifyDetector } from "outglow";
 *
 * const { devices } = await verifyDetector({ detector: "detector", devices: ["cpu"] });
 * const trusted = devices.filter(({ verdict }) => verdict === "same").map(({ device }) => device);
 * ```
 */
export async function verifyDetector(
  { detector: folder, devices = deviceNames }: VerifyRequest,
  { threads }: Pick<EngineSettings, "threads"> = {},
): Promise<Verification> {
  const { versions } = await loadManifest(folder);
  const verdicts: DeviceVerdict[] = [];
  for (const device of devices) verdicts.push(await verifyOn(folder, device, threads));
  return { devices: verdicts, onnxruntime: { written: versions.onnxruntime, here: engineVersion() } };
}

async function verifyOn(folder: string, device: Device, threads: number | undefined): Promise<DeviceVerdict> {
  if (device !== "cpu") {
    const finding = await findDeviceApart(device);
    if (!finding.works) return { device, verdict: "absent", comparisons: [], fault: finding.fault };
  }
  const comparisons: GoldenComparison[] = [];
  try {
    const detector = await loadDetectorFolder(folder, completeEngine({ threads, device }), (comparison) =>
      comparisons.push(comparison),
    );
    await detector.dispose();
    return { device, verdict: "same", comparisons };
  } catch (error) {
    const fault = isUserError(error) ? error.fault : undefined;
    // Numbers and devices differ; files that are damaged are so everywhere.
    if (fault === undefined || !["mismatch", "device", "engine"].includes(fault.code)) throw error;
    return { device, verdict: "differs", comparisons, fault };
  }
}
