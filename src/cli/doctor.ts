/** `outglow doctor`: versions, cores and memory, a self-test of the engine, and which devices work. */
import { availableParallelism, cpus, totalmem } from "node:os";
import { type Device, describeFault, deviceNames, flagOf, RunError } from "../base/index.ts";
import { testEngine } from "../benchmark/index.ts";
import { packageVersion } from "../detector/index.ts";
import { type DeviceFinding, engineVersion, findDevice, findDeviceApart } from "../runtime/index.ts";
import { printText } from "./standard-output.ts";

/** The options of `outglow doctor`, as commander parses them. */
export interface DoctorOptions {
  /** Only this one is tried, in this process. */
  readonly device?: Device;
  readonly json: boolean;
}

/** Prints the findings. Throws RunError where a check fails, or the one device that was asked for does not work. */
export async function doctor({ json, device }: DoctorOptions): Promise<void> {
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
