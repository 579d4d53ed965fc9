/** Devices: what each asks of the engine, and what is wrong where it does not answer. */

import { type Device, messageOf, type Remedy, RunError, setting } from "../base/index.ts";
import { nativeLibrary } from "./native-library.ts";

/** Options of a session that are the device's own. */
export interface DeviceSettings {
  readonly executionProviders: readonly string[];
  /** Entries of `extra.session`. */
  readonly session: Readonly<Record<string, string>>;
}

/** The settings of a device. On a GPU an operator that it lacks is an error, instead of a silent detour over the CPU. */
export function deviceSettings(device: Device): DeviceSettings {
  if (device === "cpu") return { executionProviders: ["cpu"], session: {} };
  return { executionProviders: [device], session: { disable_cpu_ep_fallback: "1" } };
}

/**
 * Keeps a driver's remarks off stderr. Without a desktop session Mesa's device-select layer for Vulkan complains that there is none; all
 * it does is to prefer the GPU of the screen.
 */
export function quietDriver(device: Device, environment: NodeJS.ProcessEnv = process.env): void {
  const chosen = environment.MESA_VK_DEVICE_SELECT ?? environment.XDG_RUNTIME_DIR;
  if (device === "webgpu" && process.platform === "linux" && chosen === undefined) environment.NODEVICE_SELECT ??= "1";
}

interface Complaint {
  readonly pattern: RegExp;
  readonly expected: string;
  readonly got: string;
  /** What to do, or else use the CPU. */
  readonly first: string;
}

const complaints: Readonly<Record<Exclude<Device, "cpu">, readonly Complaint[]>> = {
  webgpu: [
    {
      pattern: /Failed to get a WebGPU adapter/,
      expected: "a GPU with a driver for Vulkan (Linux), Metal (macOS) or Direct3D 12 (Windows)",
      got: "none that WebGPU can use",
      first: "install the GPU's driver",
    },
  ],
  cuda: [
    {
      pattern: /Failed to load shared library/,
      expected: "ONNX Runtime's CUDA libraries, with CUDA 12 and cuDNN 9",
      got: "none that load",
      first: "run ONNXRUNTIME_NODE_INSTALL=1 npm rebuild onnxruntime-node --ignore-scripts=false",
    },
    {
      pattern: /no CUDA-capable device|CUDA driver version|CUDA failure 100/i,
      expected: "an NVIDIA GPU with its driver",
      got: "none that CUDA can use",
      first: "install the driver",
    },
  ],
};

const fallback = /assigned to the default CPU EP/;

/** What kept the engine from making a program, in words that name the device and a way out. */
export function compileError(device: Device, error: unknown): RunError {
  const message = messageOf(error).trim();
  const fault = (expected: string, got: string, remedy: Remedy): RunError =>
    new RunError({ code: "device", subject: setting("device", device), expected, got, remedy });
  if (device === "cpu") {
    return new RunError({ code: "engine", subject: "engine", expected: "a graph that it accepts", got: message });
  }
  if (/backend not found/.test(message)) {
    const known = nativeLibrary()
      .listSupportedBackends()
      .map(({ name }) => name);
    const expected = `a device of ONNX Runtime on ${process.platform} ${process.arch}, which are ${known.join(", ")}`;
    return fault(expected, device, useCpu);
  }
  if (fallback.test(message)) {
    return fault("a graph of operators that it has", "some that only the CPU has", useCpu);
  }
  const known = complaints[device].find(({ pattern }) => pattern.test(message));
  if (known) return fault(known.expected, known.got, { key: "use-cpu", first: known.first });
  return fault("a graph that the engine accepts", message, useCpu);
}

const useCpu: Remedy = { key: "use-cpu-only" };
