/** Devices without any: what is asked of the engine, and what a person reads where it refuses. Real ones are in test/webgpu.test.ts. */
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, test, vi } from "vitest";
import { type Device, deviceNames, RunError } from "../base/index.ts";
import { input, makeGraph, multiply } from "../graph/index.ts";
import { deviceSettings, quietDriver } from "./devices.ts";
import { compileGraph, tryDevice } from "./index.ts";

const gpus = deviceNames.filter((name) => name !== "cpu");
const doubled = () => ({ doubled: multiply(input(makeGraph(), "x", [2]), 2) });

/** What the engine is asked for when a graph is compiled, and what a person reads when it answers with an error. */
async function refuse(device: Device, message: string) {
  const create = vi.spyOn(InferenceSession, "create").mockRejectedValue(new Error(message));
  const error: unknown = await compileGraph(doubled(), { threads: 1, device }).catch((thrown: unknown) => thrown);
  const [, options] = create.mock.calls[0] as unknown as [Uint8Array, InferenceSession.SessionOptions];
  create.mockRestore();
  return { error: error as RunError, options };
}

describe.each(gpus)("%s", (device) => {
  test("is the only provider, and its graphs never fall back to the CPU", async () => {
    const { options } = await refuse(device, "no");
    expect(options.executionProviders).toEqual([device]);
    expect(options.extra).toEqual({
      session: { intra_op: { allow_spinning: "1", spin_duration_us: "20" }, disable_cpu_ep_fallback: "1" },
    });
  });

  test.each([
    [
      "This session contains graph nodes that are assigned to the default CPU EP, but",
      /expected .* operators that it has/,
    ],
    [
      `no available backend found. ERR: [${device}] backend not found.`,
      /expected a device of ONNX Runtime on .*\bcpu\b/,
    ],
    ["something else", /expected a graph that the engine accepts, got something else; use device cpu$/],
  ])("says '%s' in its own words", async (message, expected) => {
    const { error } = await refuse(device, message);
    expect(error).toBeInstanceOf(RunError);
    expect(error.message).toMatch(new RegExp(`^device ${device}: `));
    expect(error.message).toMatch(expected);
  });
});

test.each([
  [
    "webgpu",
    "webgpu_context.cc:136 [...] Failed to get a WebGPU adapter: No supported adapters\n",
    /^device webgpu: expected a GPU with a driver for Vulkan .*, got none that WebGPU can use; .*device cpu$/,
  ],
  [
    "cuda",
    "OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library",
    /^device cuda: expected ONNX Runtime's CUDA libraries.*, got none that load; run .*, or use device cpu$/,
  ],
  [
    "cuda",
    "CUDA failure 100: no CUDA-capable device is detected",
    /^device cuda: expected an NVIDIA GPU .*, got none that CUDA can use; .*device cpu$/,
  ],
] as const)("%s that is missing is one line with a way out: %s", async (device, message, expected) => {
  expect((await refuse(device, message)).error.message).toMatch(expected);
});

test("the CPU has no fallback to forbid", () => {
  expect(deviceSettings("cpu")).toEqual({ executionProviders: ["cpu"], session: {} });
});

describe("the small test of a device", () => {
  test("passes on the CPU", async () => {
    await expect(tryDevice("cpu")).resolves.toBeUndefined();
  });

  test("passes what kept the device from answering", async () => {
    const create = InferenceSession.create;
    vi.spyOn(InferenceSession, "create").mockImplementation(((
      model: Uint8Array,
      options: InferenceSession.SessionOptions,
    ) =>
      options.executionProviders?.[0] === "cpu"
        ? create(model, options)
        : Promise.reject(new Error("Failed to get a WebGPU adapter"))) as typeof create);
    await expect(tryDevice("webgpu")).rejects.toThrow(/^device webgpu: expected a GPU/);
  });

  test("tells other numbers than the CPU's", async () => {
    const create = InferenceSession.create;
    vi.spyOn(InferenceSession, "create").mockImplementation((async (
      model: Uint8Array,
      { executionProviders, ...options }: InferenceSession.SessionOptions,
    ) => {
      const session = await create(model, { ...options, extra: {} });
      if (executionProviders?.[0] === "cpu") return session;
      const run = session.run.bind(session);
      vi.spyOn(session, "run").mockImplementation((async (...given: Parameters<typeof run>) => {
        const results = await run(...given);
        (results.dx!.data as Float32Array)[3]! += 0.01;
        return results;
      }) as typeof run);
      return session;
    }) as typeof create);
    await expect(tryDevice("webgpu")).rejects.toThrow(
      /^device webgpu: expected the numbers of the CPU, got .*; update/,
    );
  });
});

describe("without a desktop, Mesa's device choice is told not to look for one", () => {
  test.each([
    ["webgpu", {}, process.platform === "linux" ? "1" : undefined],
    ["webgpu", { XDG_RUNTIME_DIR: "/run/user/1" }, undefined],
    ["webgpu", { MESA_VK_DEVICE_SELECT: "list" }, undefined],
    ["webgpu", { NODEVICE_SELECT: "0" }, "0"],
    ["cuda", {}, undefined],
  ] as const)("%s, %o", (device, environment: NodeJS.ProcessEnv, expected) => {
    const copy = { ...environment };
    quietDriver(device, copy);
    expect(copy.NODEVICE_SELECT).toBe(expected);
  });
});
