/** `outglow doctor`: versions, cores and memory, a self-test of the engine, and which devices work. */
import { availableParallelism, cpus, totalmem } from "node:os";
import { type Device, describeFault, deviceNames, flagOf, RunError } from "../base/index.ts";
import { testEngine } from "../benchmark/index.ts";
import { packageVersion } from "../detector/index.ts";
import {
  type DeviceFinding,
  engineVersion,
  findDevice,
  findDeviceApart,
  otherPlatforms,
  removePlatforms,
} from "../runtime/index.ts";
import { printText } from "./standard-output.ts";

/** The options of `outglow doctor`, as commander parses them. */
export interface DoctorOptions {
  /** Only this one is tried, in this process. */
  readonly device?: Device;
  /** What the engine brought for other platforms is listed, and removed where that is confirmed. */
  readonly prune: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/** Prints the findings. Throws RunError where a check fails, or the one device that was asked for does not work. */
export async function doctor({ json, device, prune, yes }: DoctorOptions): Promise<void> {
  if (prune) return pruneEngine(yes, json);
  if (device !== undefined) {
    const finding = await findDevice(device);
    if (json) printText(`${JSON.stringify(describeFinding(finding))}\n`);
    if (!finding.works) throw new RunError(finding.fault);
    if (!json) printText(`ok   ${device}: ${describeFinding(finding).detail}\n`);
    return;
  }
  const threads = availableParallelism();
  const facts = {
    outglow: packageVersion(),
    node: process.versions.node,
    onnxruntime: engineVersion(),
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model ?? "unknown",
    threads,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
  };
  const checks = await testEngine({ threads });
  const devices = (await Promise.all(deviceNames.map(findDeviceApart))).map(describeFinding);
  if (json) printText(`${JSON.stringify({ ...facts, checks, devices })}\n`);
  else {
    for (const [name, value] of Object.entries(facts)) printText(`${name.padEnd(12)} ${value}\n`);
    for (const { name, passed, detail } of checks) printText(`${passed ? "ok  " : "FAIL"} ${name}: ${detail}\n`);
    // A missing device is not a failure.
    for (const { name, works, detail } of devices) {
      printText(`${works ? "ok  " : "no  "} ${name}: ${detail.replace(`--device ${name}: `, "")}\n`);
    }
  }
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.length > 0) {
    throw new RunError({
      code: "engine",
      subject: failed.map(({ name }) => name).join(", "),
      expected: "checks that pass",
      got: failed.map(({ detail }) => detail).join("; "),
    });
  }
}

/** What was done with a device, or what is wrong with it and a way out. */
function describeFinding(finding: DeviceFinding) {
  const { name, works } = finding;
  if (!works) return { name, works, detail: describeFault(finding.fault, flagOf) };
  return { name, works, detail: name === "cpu" ? "works" : "works, with the CPU's numbers" };
}

/** Lists the engine's libraries of other platforms, and removes them where that is confirmed. */
async function pruneEngine(confirmed: boolean, json: boolean): Promise<void> {
  const files = await otherPlatforms();
  if (confirmed) await removePlatforms(files);
  const bytes = files.reduce((sum, one) => sum + one.bytes, 0);
  if (json) {
    printText(`${JSON.stringify({ removed: confirmed, bytes, files })}\n`);
    return;
  }
  const size = (of: number): string => `${(of / 1e6).toFixed(0)} MB`;
  for (const { platform, path, bytes: own } of files)
    printText(`${platform.padEnd(12)} ${size(own).padStart(7)}  ${path}\n`);
  const done = `removed ${size(bytes)}; a new installation brings them back`;
  const todo = `${size(bytes)} of other platforms; outglow doctor --prune --yes removes them`;
  printText(files.length === 0 ? "nothing of other platforms\n" : `${confirmed ? done : todo}\n`);
}
