/** `--device` on the command line, where the device is not there. Those that are there: webgpu.test.ts. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quickTraining, runOutglow, runOutglowWith, temporaryFolder, writeMadeImages } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const train = (...args: string[]) =>
  runOutglow(folder.path, "train", "--normal=crosses", ...args, ...quickTraining, "--steps=2");

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeMadeImages(join(folder.path, "crosses"), "crosses", 30);
  expect(await train("--out=detector", "--device=auto")).toMatchObject({ code: 0 });
});

afterAll(() => folder.dispose());

describe("a device that does not answer is one line with a way out, before anything is read", () => {
  // No driver for Vulkan, which WebGPU needs on Linux, and no CUDA libraries are there whatever the machine has.
  const nothing = { VK_ICD_FILENAMES: "/nowhere", VK_DRIVER_FILES: "/nowhere" };
  const commands = [
    ["train", "--normal=crosses", "--out=other"],
    ["predict", "detector", "crosses"],
    ["evaluate", "detector", "--normal=crosses", "--anomalous=crosses"],
    ["sample", "detector", "--out=never.png"],
    ["analyze", "detector", "--out=page", "--normal=crosses", "--data=crosses"],
    ["reproduce", "quick", "--out=never"],
    ["benchmark"],
  ];

  test.runIf(process.platform === "linux").each(commands)("%s", async (...command) => {
    const { code, stdout, stderr } = await runOutglowWith(nothing, folder.path, ...command, "--device=webgpu");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^outglow: --device webgpu: expected .*; .*--device cpu\n$/);
  });

  test("a run that was begun on it is not gone on with elsewhere", async () => {
    const { code, stderr } = await runOutglow(folder.path, "train", "--resume", "--out=detector", "--device=webgpu");
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--resume: expected no other settings .* got --device;/)]);
  });
});

test("auto is the CPU, and a run says so", async () => {
  const text = await readFile(join(folder.path, "detector", "run", "config.json"), "utf8");
  expect((JSON.parse(text) as { configuration: { device: string } }).configuration.device).toBe("cpu");
});

test("an unknown device is refused with those that there are", async () => {
  const { code, stderr } = await runOutglow(folder.path, "sample", "detector", "--device=tpu");
  expect([code, stderr]).toEqual([2, expect.stringContaining("expected auto, cpu, webgpu, cuda, got 'tpu'")]);
});
