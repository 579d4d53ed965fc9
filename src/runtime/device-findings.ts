/** Which devices work here. Each is tried in a process of its own: what its driver prints, or a crash of it, stays there. */
import { fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Device, type Fault, isUserError, messageOf, RunError, setting } from "../base/index.ts";
import { tryDevice } from "./device-check.ts";

/** What was found of a device: that it works, or what is wrong and a way out. */
export type DeviceFinding =
  | { readonly name: Device; readonly works: true }
  | { readonly name: Device; readonly works: false; readonly fault: Fault };

/** Longest time for a small graph, on the slowest of drivers. */
const mostMilliseconds = 60_000;

/** The file of the process that tries a device: `device-worker` beside this one. */
const worker = fileURLToPath(new URL(`./device-worker${extname(import.meta.url)}`, import.meta.url));

/** Compiles and runs a small graph in this process. */
export async function findDevice(name: Device): Promise<DeviceFinding> {
  try {
    await tryDevice(name);
    return { name, works: true };
  } catch (error) {
    const known = isUserError(error) ? error.fault : undefined;
    return { name, works: false, fault: known ?? noAnswer(name, messageOf(error)) };
  }
}

/** The same in a process of its own, which is ended where it takes longer than a minute. */
export function findDeviceApart(name: Device): Promise<DeviceFinding> {
  return new Promise((resolve) => {
    let finding: DeviceFinding = { name, works: false, fault: noAnswer(name, "none") };
    // Options of this process are not for that one: a program given by `node --eval` would run once more.
    const child = fork(worker, [name], {
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      timeout: mostMilliseconds,
      killSignal: "SIGKILL",
    });
    child.once("message", (message) => {
      finding = message as DeviceFinding;
    });
    child.once("error", () => resolve(finding));
    child.once("close", () => resolve(finding));
  });
}

/** Throws RunError, before anything long begins, where a device does not work. */
export async function requireDevice(name: Device): Promise<void> {
  if (name === "cpu") return;
  const finding = await findDeviceApart(name);
  if (!finding.works) throw new RunError(finding.fault);
}

function noAnswer(name: Device, got: string): Fault {
  return {
    code: "device",
    subject: setting("device", name),
    expected: "an answer from its driver",
    got,
    remedy: { key: "use-cpu", first: "update the driver" },
  };
}
