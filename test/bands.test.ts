/** A detector of images with five channels: trained, judged, drawn and looked at as any other, and clear about images that have others. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { npyOf } from "../src/data/formats/example-arrays.ts";
import { runOutglow, temporaryFolder } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

/** Spots that fade from channel to channel, or grow. */
function spots(count: number, channels: number, fades: boolean): Buffer {
  const random = randomKey("bands")
    .fold(fades ? 0 : 1)
    .stream();
  const side = 16;
  const levels = new Uint8Array(count * channels * side * side);
  for (let image = 0, at = 0; image < count; image++) {
    const [row, column] = [4 + random.integer(8), 4 + random.integer(8)];
    for (let channel = 0; channel < channels; channel++) {
      const height = 180 * (fades ? 1 - channel / channels : (channel + 1) / channels);
      for (let pixel = 0; pixel < side * side; pixel++) {
        const far = (Math.floor(pixel / side) - row) ** 2 + ((pixel % side) - column) ** 2;
        levels[at++] = 20 + height * Math.exp(-far / 12) + random.integer(8);
      }
    }
  }
  return npyOf("|u1", [count, channels, side, side], levels);
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, "set"));
  await writeFile(join(folder.path, "good.npy"), spots(80, 5, true));
  await writeFile(join(folder.path, "bad.npy"), spots(10, 5, false));
  await writeFile(join(folder.path, "four.npy"), spots(10, 4, true));
});

afterAll(() => folder.dispose());

const run = (...args: string[]) => runOutglow(folder.path, ...args);

test("five channels from training to maps", async () => {
  const small = ["--size=16", "--scales=2", "--depth=2", "--width=8", "--steps=20", "--held-out=0.4", "--threads=1"];
  const trained = await run("train", "--normal=good.npy", "--out=detector", ...small);
  expect(trained.code, trained.stderr).toBe(0);
  expect(trained.stderr).toContain("80 images, 16x16, 5 channels");
  const predicted = await run(
    "predict",
    "detector",
    "bad.npy",
    "--json",
    "--maps=maps",
    "--top=2",
    "--false-alarm=0.1",
  );
  expect(predicted.code, predicted.stderr).toBe(0);
  expect(JSON.parse(predicted.stdout).images.filter(({ anomalous }: { anomalous: boolean }) => anomalous)).toHaveLength(
    10,
  );
  expect((await readdir(join(folder.path, "maps"))).length).toBeGreaterThanOrEqual(20);
});

test("a model of five channels that resizes does as the program does", async () => {
  const { code, stderr } = await run("export", "detector", "--out=exported", "--resize", "--force");
  expect(code, stderr).toBe(0);
});

test("other channels are refused where they come in", async () => {
  const four = await run("predict", "detector", "four.npy");
  expect([four.code, four.stderr]).toEqual([2, expect.stringContaining("image has 4 channels, and the model takes 5")]);
  const faults = await run("train", "--normal=good.npy", "--out=x", "--size=16", "--faults");
  expect([faults.code, faults.stderr]).toEqual([
    2,
    expect.stringContaining("--faults: expected images of grey or colour, got 5 channels"),
  ]);
  const many = await run("train", "--normal=good.npy", "--out=x", "--channels=17");
  expect([many.code, many.stderr]).toEqual([2, expect.stringMatching(/--channels .*expected 16 channels or fewer/)]);
});

test("data info tells of them", async () => {
  const { code, stdout } = await run("data", "info", "good.npy", "--out=found");
  expect(code).toBe(0);
  expect(stdout).toContain("5 channels 80");
  expect(stdout).toContain("80x5x16x16 taken as NxCxHxW: 80 images of 16x16 and 5 channels");
});
