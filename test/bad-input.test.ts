/** Bad input: one clear line, the right exit code, nothing destroyed. */
import { copyFile, cp, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { adamax } from "../src/optim/index.ts";
import { loadCheckpoint, noProgress, saveCheckpoint, zeroState } from "../src/train/index.ts";
import { type Outcome, quickTraining, runScript, startOutglow, writeMadeImages } from "./command.ts";
import { ownWorkplace } from "./workplace.ts";

const folder = ownWorkplace();
const { at, run } = folder;
const train = (normal: string, ...more: string[]): Promise<Outcome> =>
  run("train", `--normal=${normal}`, "--out=new", ...quickTraining, ...more);

/** Expects one line on stderr that says what is wrong, an exit code, and nothing on stdout. */
function expectRefusal({ code, stdout, stderr }: Outcome, exitCode: number, message: RegExp): void {
  const complaints = stderr.split("\n").filter((line) => /^(outglow|error):/.test(line));
  expect(complaints, stderr).toHaveLength(1);
  expect(complaints[0]).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(code).toBe(exitCode);
  expect(stdout).toBe("");
}

/** An IDX images file. */
function idxFile(magic: number, count: number, side: number, bytes: number): Uint8Array {
  const file = new Uint8Array(16 + bytes);
  const view = new DataView(file.buffer);
  for (const [index, value] of [magic, count, side, side].entries()) view.setUint32(4 * index, value);
  return file;
}

beforeAll(async () => {
  await writeMadeImages(at("normal"), "normal", 60);
  await writeMadeImages(at("odd"), "crosses", 20);
  const outcome = await run("train", "--normal=normal", "--out=detector", ...quickTraining);
  expect(outcome.code, outcome.stderr).toBe(0);

  await mkdir(at("empty"));
  await writeFile(at("zero.tar"), "");
  await writeFile(at("magic-images-idx3-ubyte"), idxFile(2052, 1, 28, 784));
  await writeFile(at("short-images-idx3-ubyte"), idxFile(2051, 10, 28, 784));
  await cp(at("odd"), at("mixed"), { recursive: true });
  await writeFile(at("mixed", "text.png"), "this is no image");
  const [first] = (await readdir(at("odd"))).sort();
  await copyFile(at("odd", first!), at("mixed", "cut.png"));
  await truncate(at("mixed", "cut.png"), 120);
});

describe("train", () => {
  test.each([
    ["no images named", ["train", "--out=new"], /--normal: expected normal images, got none; e\.g\. --normal good/],
    [
      "a missing folder",
      ["train", "--normal=nowhere", "--out=new"],
      /--normal: expected images, got nothing at 'nowhere'/,
    ],
    [
      "an empty folder",
      ["train", "--normal=empty", "--out=new"],
      /--normal: expected images, got an empty folder 'empty'; supported: png/,
    ],
    ["no steps", ["train", "--normal=normal", "--steps=0"], /--steps.*expected a whole number from 1, got '0'/],
    ["a wrong duration", ["train", "--normal=normal", "--time=soon"], /--time.*expected a duration such as 90s/],
    ["an unknown flag", ["train", "--normall=normal"], /unknown option '--normall'/],
    [
      "a size that does not halve",
      ["train", "--normal=normal", "--size=20", "--out=new"],
      /size divisible by 8 for 3 scales, got 20x20/,
    ],
    [
      "an unknown class",
      ["train", "--normal=normal#class=cat", "--out=new"],
      /--normal: expected images without class, got 'class=cat'/,
    ],
    ["an unknown selection", ["train", "--normal=normal#limmit=3", "--out=new"], /did you mean 'limit=\.\.\.'/],
    [
      "an existing detector",
      ["train", "--normal=normal", "--out=detector"],
      /--resume goes on with it, --force replaces it/,
    ],
    [
      "a folder with other files",
      ["train", "--normal=normal", "--out=normal"],
      /expected a new folder, got 'normal' with other files in it/,
    ],
    [
      "nothing to resume",
      ["train", "--resume", "--out=empty"],
      /--resume: expected a run at .*, got none; start one without --resume/,
    ],
  ])("%s: usage error", async (_name, args, message) => {
    const before = await readdir(folder.path);
    expectRefusal(await run(...args), 2, message);
    expect(await readdir(folder.path)).toEqual(before);
  });

  test("an unknown flag names the nearest", async () => {
    const { stderr } = await run("train", "--normall=normal");
    expect(stderr).toContain("(Did you mean --normal?)");
  });

  test.each([
    ["a zero-byte tar", "zero.tar", /expected a tar archive, got .*zero\.tar/],
    [
      "a wrong IDX magic number",
      "magic-images-idx3-ubyte",
      /expected IDX magic number .* in 'magic-images-idx3-ubyte', got /,
    ],
    [
      "a truncated IDX file",
      "short-images-idx3-ubyte",
      /expected 10x28x28 = 7840 bytes in IDX file 'short-images-idx3-ubyte', got 784; it is cut off/,
    ],
  ])("%s: failure", async (_name, data, message) => {
    expectRefusal(await train(data), 1, message);
  });

  test("images smaller than the model are refused, with the size", async () => {
    expectRefusal(
      await train("normal", "--size=64"),
      2,
      /image is 16x16, smaller than half the model's 64x64; give a smaller --size$/,
    );
  });

  test("unreadable images are skipped, counted and listed", async () => {
    const { code, stderr } = await train("mixed");
    expect(code).toBe(0);
    expect(stderr).toContain("skipped 2 images");
    expect(stderr).toContain("text.png");
    expect(stderr).toContain("cut.png");
    await rm(at("new"), { recursive: true });
  });

  test("--strict fails at the first of them", async () => {
    expectRefusal(await train("mixed", "--strict"), 1, /expected usable images only, got 'mixed\/cut\.png'/);
  });
});

describe("a damaged detector", () => {
  test("of another format version is refused", async () => {
    await cp(at("detector"), at("other-version"), { recursive: true });
    const text = await readFile(at("other-version", "detector.json"), "utf8");
    await writeFile(at("other-version", "detector.json"), text.replace('"formatVersion": 2', '"formatVersion": 99'));
    expectRefusal(
      await run("predict", "other-version", "odd"),
      1,
      /expected format version 1 or 2, got 99; it was written by a newer outglow: update/,
    );
  });

  test.each(["model.onnx", "golden.safetensors", "detector.json"])(
    "with a flipped byte in %s is refused",
    async (name) => {
      const copy = `flipped-${name}`;
      await cp(at("detector"), at(copy), { recursive: true });
      const bytes = await readFile(at(copy, name));
      bytes[Math.floor(bytes.length / 2)]! ^= 1;
      await writeFile(at(copy, name), bytes);
      const outcome = await run("predict", copy, "odd");
      expectRefusal(outcome, 1, new RegExp(name.replace(".", "\\.")));
    },
  );

  test("with a flipped byte in its weights is refused where they are read", async () => {
    await cp(at("detector"), at("flipped-weights"), { recursive: true });
    const bytes = await readFile(at("flipped-weights", "weights.safetensors"));
    bytes[bytes.length - 10]! ^= 1;
    await writeFile(at("flipped-weights", "weights.safetensors"), bytes);
    expectRefusal(await run("sample", "flipped-weights"), 1, /weights\.safetensors' to match its checksum/);
  });

  test("that is no detector is refused", async () => {
    expectRefusal(await run("predict", "normal", "odd"), 2, /expected a detector at 'normal', got none/);
  });
});

describe("predict", () => {
  test("never replaces a file unasked", async () => {
    await writeFile(at("scores.csv"), "precious");
    expectRefusal(await run("predict", "detector", "odd", "--out=scores.csv"), 2, /got 'scores.csv', which exists/);
    expect(await readFile(at("scores.csv"), "utf8")).toBe("precious");
  });

  test("an unknown score names those there are", async () => {
    expectRefusal(await run("predict", "detector", "odd", "--score=likelyhood"), 2, /did you mean 'likelihood'\?/);
  });

  test("skips what it cannot read and scores the rest", async () => {
    const { code, stdout, stderr } = await run("predict", "detector", "mixed");
    expect(code).toBe(0);
    expect(stderr).toContain("skipped 2 images");
    expect(stdout.trim().split("\n")).toHaveLength(21);
  });
});

// A limit on the size of files makes every larger write fail, as a full disk does; Windows has no such limit.
describe.skipIf(process.platform === "win32")("a full disk (skipped on Windows)", () => {
  test("stops the run with one line, and the run goes on once there is room", async () => {
    const args = ["train", "--normal=normal", "--out=full-disk", ...quickTraining, "--checkpoint-every=0.01s"];
    expectRefusal(
      await startOutglow(folder.path, args, { largestFile: 16 }).outcome,
      1,
      /normal\.checkpoint\.safetensors': expected a file that can be written, got EFBIG.*unchanged$/,
    );
    expect((await readdir(at("full-disk", "run"))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    const resumed = await run("train", "--resume", "--out=full-disk");
    expect(resumed.code, resumed.stderr).toBe(0);
  });

  test("leaves the last checkpoint as it was", async () => {
    const checkpoint = at("kept.safetensors");
    const parameters = { trainable: new Float32Array(1000), fixed: new Float32Array(2) };
    const state = zeroState(parameters, { optimizer: adamax, weightDecay: 0 });
    await saveCheckpoint(checkpoint, { progress: noProgress, state, best: undefined });
    const before = await readFile(checkpoint);
    const { stdout } = await runScript(
      `import { loadCheckpoint, saveCheckpoint } from "outglow/train";
      const { state } = await loadCheckpoint(process.argv[1]);
      const progress = ${JSON.stringify({ ...noProgress, step: 1 })};
      await saveCheckpoint(process.argv[1], { progress, state }).catch(({ message }) => console.log(message));`,
      [checkpoint],
      { largestFile: 4 },
    );
    expect(stdout).toMatch(/^'.*kept\.safetensors': expected a file that can be written, got EFBIG.*unchanged\n$/);
    expect((await readdir(folder.path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect((await readFile(checkpoint)).equals(before)).toBe(true);
    expect((await loadCheckpoint(checkpoint))?.progress).toEqual(noProgress);
  });
});
