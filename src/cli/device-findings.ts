/** Which devices work here. Each is tried in a process of its own: what its driver prints, or a crash of it, stays there. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf, RunError } from "../base/index.ts";
import type { Device } from "../model/index.ts";
import { tryDevice } from "../runtime/index.ts";

/** What was found of a device. */
export interface DeviceFinding {
  readonly name: Device;
  readonly works: boolean;
  /** What was done, or what is wrong and a way out. */
  readonly detail: string;
}

const run = promisify(execFile);

/** Longest time for a small graph, on the slowest of drivers. */
const mostMilliseconds = 60_000;

/** Compiles and runs a small graph in this process. */
export async function findDevice(name: Device): Promise<DeviceFinding> {
  try {
    await tryDevice(name);
    return { name, works: true, detail: name === "cpu" ? "works" : "works, with the CPU's numbers" };
  } catch (error) {
    return { name, works: false, detail: messageOf(error) };
  }
}

/** The same in a process of its own. */
export async function findDeviceApart(name: Device): Promise<DeviceFinding> {
  const args = [process.argv[1]!, "doctor", "--device", name, "--json"];
  const stdout = await run(process.execPath, args, { timeout: mostMilliseconds, killSignal: "SIGKILL" }).then(
    (result) => result.stdout,
    (error: { readonly stdout?: string }) => error.stdout ?? "",
  );
  try {
    return JSON.parse(stdout) as DeviceFinding;
  } catch {
    const detail = `--device ${name}: expected an answer from its driver, got none; update the driver, or use --device cpu`;
    return { name, works: false, detail };
  }
}

/** Throws RunError, before anything long begins, where a device does not work. */
export async function requireDevice(name: Device): Promise<void> {
  if (name === "cpu") return;
  const { works, detail } = await findDeviceApart(name);
  if (!works) throw new RunError(detail);
}
