/** `outglow doctor`: versions, cores and memory, a self-test of the engine, and which devices work. */
import { availableParallelism, cpus, totalmem } from "node:os";
import { describeFault, deviceNames, messageOf, RunError, randomKey } from "../base/index.ts";
import { dequantize } from "../data/index.ts";
import { packageVersion } from "../detector/index.ts";
import { makeGlow } from "../flow/index.ts";
import { type ParameterVectors, packArrays } from "../nn/index.ts";
import { adamax } from "../optim/index.ts";
import { type DeviceFinding, engineVersion, findDevice, findDeviceApart } from "../runtime/index.ts";
import { adaptToData, compileStep, maximumLikelihood, type StepResult, zeroState } from "../train/index.ts";
import type { DoctorOptions } from "./doctor-command.ts";
import { flagOf } from "./flags.ts";
import { printText } from "./standard-output.ts";

interface Check {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
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
  const facts = {
    outglow: packageVersion(),
    node: process.versions.node,
    onnxruntime: engineVersion(),
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model ?? "unknown",
    threads: availableParallelism(),
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
  };
  const checks = await runChecks();
  const devices = (await Promise.all(deviceNames.map(findDeviceApart))).map(describeFinding);
  if (json) printText(`${JSON.stringify({ ...facts, checks, devices })}\n`);
  else {
    for (const [name, value] of Object.entries(facts)) printText(`${name.padEnd(12)} ${value}\n`);
    for (const { name, passed, detail } of checks) printText(`${passed ? "ok  " : "FAIL"} ${name}: ${detail}\n`);
    // A device that is not there is no fault.
    for (const { name, works, detail } of devices) {
      printText(`${works ? "ok  " : "no  "} ${name}: ${detail.replace(`--device ${name}: `, "")}\n`);
    }
  }
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.length > 0) throw new RunError(`doctor: ${failed.map(({ name }) => name).join(", ")} failed`);
}

/** What was done with a device, or what is wrong with it and a way out. */
function describeFinding(finding: DeviceFinding) {
  const { name, works } = finding;
  if (!works) return { name, works, detail: describeFault(finding.fault, flagOf) };
  return { name, works, detail: name === "cpu" ? "works" : "works, with the CPU's numbers" };
}

async function runChecks(): Promise<Check[]> {
  try {
    const first = await trainBriefly();
    const second = await trainBriefly();
    const [start, end] = [first[0]!, first.at(-1)!];
    const milliseconds = first.reduce((sum, { duration }) => sum + duration, 0) / first.length;
    return [
      {
        name: "training",
        passed: end.result.loss < start.result.loss && first.every(({ result }) => result.applied),
        detail: `loss fell from ${start.result.loss.toFixed(1)} to ${end.result.loss.toFixed(1)} nats, ${milliseconds.toFixed(1)} ms a step`,
      },
      {
        name: "determinism",
        passed: first.every(({ result }, step) => result.loss === second[step]!.result.loss),
        detail: "two runs with one seed give the same losses, bit for bit",
      },
    ];
  } catch (error) {
    return [{ name: "engine", passed: false, detail: messageOf(error) }];
  }
}

/** Twenty steps of a small flow on smooth noise. */
async function trainBriefly(): Promise<{ result: StepResult; duration: number }[]> {
  const specification = { channels: 1, height: 16, width: 16 };
  const batchSize = 32;
  const options = { threads: availableParallelism() };
  const flow = makeGlow({ ...specification, scales: 2, depth: 2, hidden: 32 });
  const key = randomKey("doctor");
  const stream = key.fold("pixels").stream();
  const pixels = Uint8Array.from(
    { length: batchSize * 256 },
    (_, index) => 100 + (index % 16) * 4 + stream.integer(20),
  );
  const x = dequantize(pixels, specification, key.fold("noise").stream());
  const drawn: ParameterVectors = packArrays(flow.parameters, flow.createParameters(key));
  const parameters = await adaptToData(flow, drawn, x, options);
  const update = { optimizer: adamax, weightDecay: 0 };
  const step = await compileStep(maximumLikelihood(flow), batchSize, zeroState(parameters, update), update, options);
  const results = [];
  for (let count = 1; count <= 20; count++) {
    const started = performance.now();
    const result = await step.run({ x }, adamax.scalars(1e-3, count));
    results.push({ result, duration: performance.now() - started });
  }
  await step.dispose();
  return results;
}
