/** Training into a folder that holds a detector: what was there works until the new one does, and one trains at a time. */
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { loadDetectorFolder } from "../src/detector/index.ts";
import { quickTraining, runOutglow, runScript, startOutglow, temporaryFolder, writeMadeImages } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);
/** The least model: what is replaced does not depend on it, and most of a short training is making its graphs. */
const training = ["train", "--normal=normal", ...quickTraining, "--scales=1"];
const seeds = { old: 1, new: 2 } as const;

const detectorEntries = ["detector.json", "golden.safetensors", "model.onnx", "run", "weights.safetensors"];
const runEntries = [
  "config.json",
  "normal.checkpoint.safetensors",
  "normal.hashes",
  "normal.metrics.jsonl",
  "split.csv",
];

/** The seed that a file of JSON names. */
async function seedIn(...parts: string[]): Promise<number> {
  return Number(/"seed": (\d+)/.exec(await readFile(at(...parts), "utf8"))?.[1]);
}

/** Loads a detector, which checks every file and its outputs, and tells the seed it was trained with. */
async function workingSeed(name: string): Promise<number> {
  const detector = await loadDetectorFolder(at(name), { threads: 1 });
  await detector.dispose();
  return detector.manifest.training.seed;
}

async function expectWholeOf(name: string, seed: number): Promise<void> {
  expect(await workingSeed(name)).toBe(seed);
  expect(await seedIn(name, "run", "config.json")).toBe(seed);
  expect((await readdir(at(name))).sort()).toEqual(detectorEntries);
  expect((await readdir(at(name, "run"))).sort()).toEqual(runEntries);
  const weights = await readFile(at(name, "weights.safetensors"));
  const expected = await readFile(at(seed === seeds.old ? "old" : "new", "weights.safetensors"));
  expect(weights.equals(expected)).toBe(true);
}

/** The environment that ends the process right before its `call`-th call that changes something in a folder. */
function killAt(call: number, name: string, log = ""): NodeJS.ProcessEnv {
  const preload = pathToFileURL(fileURLToPath(new URL("kill-point.mjs", import.meta.url))).href;
  return { NODE_OPTIONS: `--import=${preload}`, KILL_AT: String(call), KILL_IN: name, KILL_LOG: log };
}

/** The calls of a forced training, in order, found before the tests are listed. */
let calls: string[];

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeMadeImages(at("normal"), "normal", 60);
  for (const name of ["old", "new"] as const) {
    const outcome = await runOutglow(folder.path, ...training, `--out=${name}`, `--seed=${seeds[name]}`);
    expect(outcome.code, outcome.stderr).toBe(0);
  }
  await cp(at("old"), at("counted"), { recursive: true });
  const args = [...training, "--out=counted", `--seed=${seeds.new}`, "--force"];
  const { outcome } = startOutglow(folder.path, args, { environment: killAt(0, "counted", at("log")) });
  const { code, stderr } = await outcome;
  expect(code, stderr).toBe(0);
  calls = (await readFile(at("log"), "utf8")).trim().split("\n");
  await expectWholeOf("counted", seeds.new);
});

afterAll(() => folder.dispose());

describe("a training with --force", () => {
  // Where in the calls of the training it is killed: a few shares drawn by seed, and every step of the replacement itself.
  const stream = randomKey("kill points").stream();
  const shares = Array.from({ length: 6 }, () => Number(stream.uniform().toFixed(3)));
  const pointsOf = {
    ...Object.fromEntries(shares.map((share) => [`at ${share} of its calls`, () => Math.floor(share * calls.length)])),
    "before the new manifest": () => calls.findIndex((call) => /rename .*detector\.json/.test(call)),
    "before the first new file has its name": () => calls.findIndex((call) => /rename .*\.next$/.test(call)),
    "before the last new file has its name": () => calls.findLastIndex((call) => /rename .*\.next$/.test(call)),
    "before the old run's record goes": () => calls.findLastIndex((call) => /rm .*run\/config\.json/.test(call)),
    "before the new run moves": () => calls.findIndex((call) => /rename .*run\/next\/normal\.checkpoint/.test(call)),
    "before the new run's record moves": () => calls.findLastIndex((call) => /rename .*next\/config\.json$/.test(call)),
    "before the emptied folder goes": () => calls.findLastIndex((call) => /rmdir .*run\/next/.test(call)),
  };

  test.each(Object.entries(pointsOf))(
    "that is killed %s leaves a detector that works, and --resume ends it",
    async (label, point) => {
      const name = `killed-${Object.keys(pointsOf).indexOf(label)}`;
      const index = point();
      expect(index).toBeGreaterThanOrEqual(0);
      await cp(at("old"), at(name), { recursive: true });
      const args = [...training, `--out=${name}`, `--seed=${seeds.new}`, "--force"];
      const { outcome } = startOutglow(folder.path, args, { environment: killAt(index + 1, name) });
      expect((await outcome).signal).toBe("SIGKILL");

      const replaced = index > calls.findIndex((call) => /rename .*detector\.json/.test(call));
      expect(await workingSeed(name)).toBe(replaced ? seeds.new : seeds.old);
      const begun = index > calls.findIndex((call) => /rename .*next\/config\.json/.test(call));
      const resumed = await runOutglow(folder.path, "train", "--resume", `--out=${name}`);
      expect(resumed.code, resumed.stderr).toBe(0);
      await expectWholeOf(name, begun ? seeds.new : seeds.old);
    },
  );

  test("that diverges leaves the detector that was there, and says what is wrong", async () => {
    await cp(at("old"), at("diverged"), { recursive: true });
    const rate = ["--learning-rate=5", "--warmup=1", "--steps=200"];
    const outcome = await runOutglow(folder.path, ...training, "--out=diverged", "--force", ...rate);
    expect(outcome.code, outcome.stderr).toBe(1);
    expect(await workingSeed("diverged")).toBe(seeds.old);
    expect(await seedIn("diverged", "run", "config.json")).toBe(seeds.old);
    const predicted = await runOutglow(folder.path, "predict", "diverged", "normal", "--threads=1");
    expect(predicted.code, predicted.stderr).toBe(0);
    // And again: what failed is replaced, what works is not.
    const again = await runOutglow(folder.path, ...training, "--out=diverged", "--force", `--seed=${seeds.new}`);
    expect(again.code, again.stderr).toBe(0);
    await expectWholeOf("diverged", seeds.new);
  });

  test("that finds the disk full leaves the detector that was there", async () => {
    await cp(at("old"), at("full"), { recursive: true });
    const args = [...training, "--out=full", `--seed=${seeds.new}`, "--force"];
    const { code, stderr } = await startOutglow(folder.path, args, { largestFile: 16 }).outcome;
    expect(code).toBe(1);
    expect(stderr).toMatch(/expected a file that can be written, got EFBIG/);
    expect(await workingSeed("full")).toBe(seeds.old);
    expect((await readdir(at("full"))).sort()).toEqual(detectorEntries);
    const resumed = await runOutglow(folder.path, "train", "--resume", "--out=full");
    expect(resumed.code, resumed.stderr).toBe(0);
    await expectWholeOf("full", seeds.new);
  });

  test("that is stopped by Ctrl-C leaves the detector that was there, and --resume goes on with the new run", async () => {
    await cp(at("old"), at("stopped"), { recursive: true });
    const args = [...training, "--out=stopped", `--seed=${seeds.new}`, "--force"];
    const { child, outcome } = startOutglow(folder.path, args);
    await new Promise<void>((resolve) => {
      child.stderr?.on("data", (text: string) => {
        if (text.includes("step")) resolve();
      });
    });
    expect(await workingSeed("stopped")).toBe(seeds.old);
    child.kill("SIGINT");
    expect((await outcome).code).toBe(130);
    expect(await workingSeed("stopped")).toBe(seeds.old);
    const resumed = await runOutglow(folder.path, "train", "--resume", "--out=stopped");
    expect(resumed.code, resumed.stderr).toBe(0);
    await expectWholeOf("stopped", seeds.new);
  });

  test("keeps whatever else is in the folder", async () => {
    await cp(at("old"), at("with-notes"), { recursive: true });
    await writeFile(at("with-notes", "notes.txt"), "mine");
    await writeFile(at("with-notes", "evaluation-1.json"), "{}");
    await runOutglow(folder.path, ...training, "--out=with-notes", "--force", `--seed=${seeds.new}`);
    expect(await workingSeed("with-notes")).toBe(seeds.new);
    expect(await readFile(at("with-notes", "notes.txt"), "utf8")).toBe("mine");
    expect(await readFile(at("with-notes", "evaluation-1.json"), "utf8")).toBe("{}");
  });
});

test.skipIf(process.platform === "win32")(
  "a training that cannot begin leaves no trace (skipped on Windows)",
  async () => {
    for (const largestFile of [0, 1]) {
      const args = [...training, "--out=deep/er/nothing"];
      const { code, stderr } = await startOutglow(folder.path, args, { largestFile }).outcome;
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /deep\/er\/nothing\/run.*': expected a (file|folder) that can be (written|locked), got EFBIG/,
      );
      expect(await readdir(folder.path)).not.toContain("deep");
    }
  },
);

describe("two trainings into one folder", () => {
  test("begun at the same moment: one is refused, and everything there is the other's", async () => {
    for (let round = 0; round < 2; round++) {
      const name = `raced-${round}`;
      const starts = ([seeds.old, seeds.new] as const).map((seed) => ({
        seed,
        // Long enough to meet, whatever the machine does besides.
        ...startOutglow(folder.path, [
          ...training,
          `--out=${name}`,
          `--seed=${seed}`,
          "--steps=20000",
          "--evaluate-every=20000",
        ]),
      }));
      // The refused one ends first, and the other is stopped then.
      const first = await Promise.race(starts.map(async ({ outcome, seed }) => ({ ...(await outcome), seed })));
      expect(first.code).toBe(1);
      expect(first.stderr).toMatch(
        /^outglow: '.*run': expected a run that nobody else works on, got one with process \d+/m,
      );
      expect(first.stderr).toMatch(/; stop that one first, or delete '.*lock' if it has ended$/m);
      const winner = starts.find(({ seed }) => seed !== first.seed)!;
      expect(await seedIn(name, "run", "config.json")).toBe(winner.seed);
      winner.child.kill("SIGKILL");
      await winner.outcome;
    }
  });

  test("in one process: two folders at once, and a third run into one of them is refused", async () => {
    const script = `
      import { train } from "outglow/workflow";
      const start = (out, seed) => train({ normal: ${JSON.stringify(at("normal"))}, out: ${JSON.stringify(`${folder.path}/`)} + out, size: 16,
        scales: 1, depth: 1, width: 8, batch: 16, steps: 60, evaluateEvery: 10, threads: 1, seed });
      const outcomes = await Promise.allSettled([start("a", 1), start("b", 2), start("b", 3)]);
      console.log(JSON.stringify(outcomes.map(({ value, reason }) => value?.outcome ?? [reason.fault?.code, reason.message])));`;
    const { stdout, stderr } = await runScript(script, []);
    const outcomes: unknown[] = JSON.parse(stdout || `[${JSON.stringify(stderr)}]`);
    expect(outcomes[0]).toBe("finished");
    const others = outcomes.slice(1);
    expect(others).toContain("finished");
    expect(others).toContainEqual(["busy", expect.stringMatching(/got one with another training of this process/)]);
    expect(await workingSeed("a")).toBe(1);
    expect(await workingSeed("b")).toBe(others[0] === "finished" ? 2 : 3);
    expect(await seedIn("b", "run", "config.json")).toBe(others[0] === "finished" ? 2 : 3);
  });

  test("one whose lock was taken away leaves the detector to the other", async () => {
    const { child, outcome } = startOutglow(folder.path, [...training, "--out=given-up", "--steps=300"]);
    await new Promise<void>((resolve) => {
      child.stderr?.on("data", (text: string) => {
        if (text.includes("step")) resolve();
      });
    });
    await writeFile(at("given-up", "run", "lock"), "another's");
    const { code, stderr } = await outcome;
    expect(stderr).toMatch(
      /run': expected a run that this process holds, got one whose lock was taken away; --resume goes/,
    );
    expect(code).toBe(1);
    expect(await readdir(at("given-up"))).toEqual(["run"]);
    expect(await readFile(at("given-up", "run", "lock"), "utf8")).toBe("another's");
  });

  test("one that was killed before it began is in nobody's way", async () => {
    const args = [...training, "--out=unbegun", `--seed=${seeds.new}`];
    const { outcome } = startOutglow(folder.path, args, { environment: killAt(14, "unbegun") });
    expect((await outcome).signal).toBe("SIGKILL");
    expect(await readdir(at("unbegun"))).toEqual(["run"]);
    const second = await runOutglow(folder.path, ...args);
    expect(second.code, second.stderr).toBe(0);
    await expectWholeOf("unbegun", seeds.new);
  });
});
