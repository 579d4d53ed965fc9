/** Output that survives: readers that leave, full disks, long tables, two writers of one file. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import type { Prediction } from "../src/workflow/index.ts";
import { csvFormat, inPieces, jsonFormat } from "../src/workflow/index.ts";
import { commandOf, type Outcome, quickTraining, startOutglow, writeMadeImages } from "./command.ts";
import { ownWorkplace } from "./workplace.ts";

const folder = ownWorkplace();
const { at, run } = folder;
const runAlone = (args: readonly string[]): Promise<Outcome> => startOutglow(folder.path, args).outcome;

/** Images in the folder `many`: enough for several batches. */
const manyImages = 600;

/** The least model: what is written does not depend on it. */
const leastTraining = ["train", "--normal=normal", ...quickTraining, "--scales=1"];

const scoring = ["predict", "detector", "many", "--threads=1"];

async function leftovers(): Promise<string[]> {
  return (await readdir(folder.path)).filter((name) => name.endsWith(".tmp"));
}

/** Lines of a table of all images, with its head. */
async function linesOf(name: string): Promise<number> {
  return (await readFile(at(name), "utf8")).trimEnd().split("\n").length;
}

/** Runs a shell command in which "$@" is outglow with its arguments. */
async function runShell(command: string, args: readonly string[]): Promise<Outcome> {
  const child = spawn("sh", ["-c", command, "sh", ...commandOf(args)], { cwd: folder.path });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (more: string) => {
      text[name] += more;
    });
  }
  return new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal, ...text })));
}

/** The exit code of outglow in a pipe before a reader; a pipe's own is the reader's. */
async function codeBefore(reader: string, args: readonly string[]): Promise<number> {
  await runShell(`{ "$@"; echo $? > code; } ${reader}`, args);
  return Number(await readFile(at("code"), "utf8"));
}

beforeAll(async () => {
  await writeMadeImages(at("normal"), "normal", 60);
  const outcome = await run(...leastTraining, "--out=detector");
  expect(outcome.code, outcome.stderr).toBe(0);
  await mkdir(at("many"));
  const images = await readdir(at("normal"));
  for (let index = 0; index < manyImages; index++) {
    await symlink(at("normal", images[index % images.length]!), at("many", `${index}.png`));
  }
});

describe.skipIf(process.platform === "win32")("a reader of stdout that leaves early (skipped on Windows)", () => {
  test.each([
    ["at the first line", "| head -1 >/dev/null"],
    ["before anything comes", "| true"],
    ["with stderr", "2>&1 | head -1 >/dev/null"],
  ])("%s: the file is written all the same", async (_name, reader) => {
    const name = `left-${reader.length}.csv`;
    expect(await codeBefore(reader, [...scoring, `--out=${name}`, "--json"])).toBe(0);
    expect(await linesOf(name)).toBe(manyImages + 1);
    expect(await leftovers()).toEqual([]);
  });

  test("is no failure, and ends what was for it alone", async () => {
    const { stderr } = await runShell('{ "$@"; echo "code $?" >&2; } | head -1', scoring);
    expect(stderr).toMatch(/code 0\n$/);
    // The summary is the last thing that a whole table comes to.
    expect(stderr).not.toMatch(/images marked anomalous/);
    const whole = await run(...scoring);
    expect(whole.stderr).toMatch(/of 600 images marked anomalous/);
  });

  test("costs no detector and no evaluation", async () => {
    const training = [...leastTraining, "--out=unheard", "--json"];
    expect(await codeBefore("2>&1 | true", training)).toBe(0);
    const evaluation = [
      "evaluate",
      "unheard",
      "--normal=normal",
      "--anomalous=a=many#limit=60",
      "--no-coders",
      "--out=evaluation.json",
    ];
    expect(await codeBefore("2>&1 | true", [...evaluation, "--threads=1"])).toBe(0);
    expect(JSON.parse(await readFile(at("evaluation.json"), "utf8"))).toMatchObject({ detector: "unheard" });
  });
});

describe.skipIf(!existsSync("/dev/full"))("a full stdout (skipped where there is no /dev/full)", () => {
  test.each([
    ["a table", scoring],
    ["a sorted table", [...scoring, "--sort"]],
    ["a table beside a file", [...scoring, "--json", "--out=beside.csv"]],
    ["a finding", ["doctor", "--device=cpu"]],
    ["help", ["--help"]],
    ["help of a command", ["predict", "--help"]],
    ["the version", ["--version"]],
  ])("for %s fails with one line", async (_name, args) => {
    const { code, stderr } = await runShell('"$@" >/dev/full', args);
    expect(stderr.split("\n").filter((line) => line.startsWith("outglow:"))).toEqual([
      "outglow: stdout: expected an output that can be written, got ENOSPC: no space left on device, write",
    ]);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(1);
  });

  test("costs the file beside it nothing", async () => {
    await runShell('"$@" >/dev/full', [...scoring, "--json", "--out=whole.csv"]);
    expect(await linesOf("whole.csv")).toBe(manyImages + 1);
    expect(await leftovers()).toEqual([]);
  });

  test("and a full stderr costs nothing", async () => {
    const { code } = await runShell('"$@" 2>/dev/full', [...scoring, "--out=silent.csv"]);
    expect(code).toBe(0);
    expect(await linesOf("silent.csv")).toBe(manyImages + 1);
  });
});

// A limit on the size of files makes every larger write fail, as a full disk does; Windows has no such limit.
describe.skipIf(process.platform === "win32")("a disk that fills up (skipped on Windows)", () => {
  test.each(["csv", "json"])("while a .%s table is written fails with one line and leaves nothing", async (ending) => {
    const name = `full.${ending}`;
    const { outcome } = startOutglow(folder.path, [...scoring, `--out=${name}`], { largestFile: 8 });
    const { code, stderr } = await outcome;
    const complaints = stderr.split("\n").filter((line) => line.startsWith("outglow:"));
    expect(complaints).toEqual([
      expect.stringMatching(new RegExp(`'${name}': expected a file that can be written, got EFBIG.*unchanged$`)),
    ]);
    expect(code).toBe(1);
    expect(await readdir(folder.path)).not.toContain(name);
    expect(await leftovers()).toEqual([]);
  });

  test("under a file that stdout is fails with one line, even where a part of the last line fits", async () => {
    const whole = (await run("predict", "detector", "normal", "--threads=1", "--quiet")).stdout;
    // One block less than the table: whatever is written last fits in part.
    const blocks = Math.ceil(Buffer.byteLength(whole) / 512) - 1;
    const command = `ulimit -f ${blocks}; "$@" > part.csv`;
    const outcome = await runShell(command, ["predict", "detector", "normal", "--threads=1", "--quiet"]);
    expect(outcome.stderr).toMatch(/^outglow: stdout: expected an output that can be written, got EFBIG/m);
    expect(outcome.code).toBe(1);
  });
});

describe("two that write one file at once", () => {
  test("leave the whole table of one, and the other is refused", async () => {
    const args = [...scoring, "--out=both.csv"];
    const outcomes = await Promise.all([runAlone(args), runAlone(args)]);
    const codes = outcomes.map(({ code }) => code).sort();
    expect(codes, outcomes.map(({ stderr }) => stderr).join("\n")).toEqual([0, 2]);
    const refused = outcomes.find(({ code }) => code === 2);
    expect(refused?.stderr).toMatch(/^outglow: .*both\.csv.*(exists|meanwhile)/m);
    expect(await linesOf("both.csv")).toBe(manyImages + 1);
    expect(await leftovers()).toEqual([]);
  });

  test("with --force leave the whole table of one", async () => {
    await writeFile(at("forced.csv"), "old");
    const args = [...scoring, "--out=forced.csv", "--force"];
    for (const { code, stderr } of await Promise.all([runAlone(args), runAlone(args)])) expect(code, stderr).toBe(0);
    expect(await linesOf("forced.csv")).toBe(manyImages + 1);
    expect(await leftovers()).toEqual([]);
  });
});

describe("evaluations", () => {
  const evaluation = [
    "evaluate",
    "detector",
    "--normal=normal",
    "--anomalous=a=many#limit=60",
    "--no-coders",
    "--threads=1",
  ];

  test("of one detector at once are both kept", async () => {
    for (const { code, stderr } of await Promise.all([runAlone(evaluation), runAlone(evaluation)]))
      expect(code, stderr).toBe(0);
    const kept = (await readdir(at("detector"))).filter((name) => name.startsWith("evaluation"));
    expect(kept.sort()).toEqual(["evaluation-1.json", "evaluation-2.json"]);
    for (const name of kept) expect(JSON.parse(await readFile(at("detector", name), "utf8"))).toHaveProperty("sets");
  });

  test("of a detector that cannot be written are printed (skipped where everything can)", async ({ skip }) => {
    await cp(at("detector"), at("sealed"), { recursive: true });
    // Modes do not bind root, but the file system does.
    await runShell("chmod 555 sealed; test -w sealed && chattr +i sealed", []);
    try {
      if ((await runShell("test -w sealed", [])).code === 0) skip("nothing forbids writing here");
      const { code, stdout, stderr } = await run(...evaluation.map((word) => (word === "detector" ? "sealed" : word)));
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(/AUROC/);
      expect(stderr).toMatch(/'sealed' cannot be written, so the numbers are only printed; --out keeps them elsewhere/);
    } finally {
      await runShell("test -w sealed || chattr -i sealed; chmod 755 sealed", []);
    }
  });
});

test("what a killed one leaves is taken away by the next", async () => {
  const { child, outcome } = startOutglow(folder.path, [...scoring, "--out=killed.csv", "--json"]);
  // The first lines on stdout come after the first in the file.
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  child.kill("SIGKILL");
  expect((await outcome).signal).toBe("SIGKILL");
  expect(await leftovers()).toHaveLength(1);
  const { code, stderr } = await run(...scoring, "--out=another.csv");
  expect(code, stderr).toBe(0);
  expect(await leftovers()).toEqual([]);
  expect(await readdir(folder.path)).not.toContain("killed.csv");
});

describe("a table", () => {
  const row = (file: string): Prediction => ({
    file,
    score: 1,
    pValue: 0.5,
    anomalous: false,
    scores: { likelihood: 1 },
  });

  test("comes in pieces that hold everything once, in order", () => {
    for (const length of [0, 1, 999, 1000, 1001, 2500]) {
      const items = Array.from({ length }, (_, index) => index);
      const pieces = [...inPieces(items)];
      expect(pieces.flat()).toEqual(items);
      expect(Math.max(0, ...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(1000);
    }
  });

  test("is the same JSON and CSV in pieces as in one", () => {
    const rows = Array.from({ length: 2500 }, (_, index) => row(`${index}.png`));
    const skipped = Array.from({ length: 1500 }, (_, index) => ({ name: `${index}`, reason: "damaged" }));
    const format = jsonFormat({
      score: "likelihood",
      rule: { kind: "false-alarm", rate: 0.05 },
      falseAlarm: 0.05,
      threshold: 1,
      together: false,
      words: "",
    });
    const lines = format.head(rows[0]!);
    let before = 0;
    for (const piece of inPieces(rows)) {
      lines.push(...format.rows(piece, before));
      before += piece.length;
    }
    lines.push(...format.tail(skipped));
    expect(JSON.parse(lines.join("\n"))).toMatchObject({ images: rows, skipped });
    expect(
      [...inPieces(rows)].flatMap((piece) => csvFormat({ rule: { kind: "false-alarm", rate: 0.05 } }).rows(piece, 0)),
    ).toEqual(csvFormat({ rule: { kind: "false-alarm", rate: 0.05 } }).rows(rows, 0));
  });
});
