/** Files written whole or not at all: several writers at once, and what killed ones leave. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigError, RunError } from "../../base/index.ts";
import { openAtomicFile, writeFileAtomic } from "./file-writing.ts";
import { fateOf, isRunning, machineName, ownMark } from "./process-mark.ts";
import { temporaryName } from "./temporary-names.ts";

let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "outglow-writing-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** The number of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await new Promise((resolve) => child.once("close", resolve));
  return child.pid!;
}

/** The name of an unfinished file that a process of this machine with that number and start would give. */
function unfinished(name: string, pid: number, start: string | null = null): string {
  return `${name}.${machineName(ownMark())}-${pid}-${start ?? ""}-0123456789ab.tmp`;
}

describe("writing", () => {
  test("many files of one name at once in one process leaves the whole content of one", async () => {
    const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(50_000));
    await Promise.all(contents.map((content) => writeFileAtomic(at("file"), content)));
    expect(contents).toContain(await readFile(at("file"), "utf8"));
    expect(await readdir(folder)).toEqual(["file"]);
  });

  test("without replacing, exactly one of many gets the name, and the others leave nothing", async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => writeFileAtomic(at("file"), String(index), { replace: false })),
    );
    const winners = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [String(index)] : []));
    expect(winners).toEqual([await readFile(at("file"), "utf8")]);
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      expect(outcome.reason).toBeInstanceOf(ConfigError);
      expect(outcome.reason.message).toMatch(/file': expected a new file, got one that came there meanwhile/);
    }
    expect(await readdir(folder)).toEqual(["file"]);
  });

  test("a name of as many bytes as a file system takes works", async () => {
    for (const name of ["x".repeat(255), "ü".repeat(127), "😀".repeat(63)]) {
      expect(Buffer.byteLength(basename(temporaryName(at(name))))).toBeLessThanOrEqual(255);
      await writeFileAtomic(at(name), name);
      expect(await readFile(at(name), "utf8")).toBe(name);
    }
  });

  test("where it is refused, it says so in one line and leaves what was there", async () => {
    await mkdir(at("taken"));
    const writing = writeFileAtomic(at("taken"), "content");
    await expect(writing).rejects.toBeInstanceOf(RunError);
    await expect(writing).rejects.toThrow(
      /^'.*taken': expected a file that can be written, got .*; what was there before is unchanged$/,
    );
    expect(await readdir(folder)).toEqual(["taken"]);
    await expect(writeFileAtomic(join(folder, "nowhere", "file"), "content")).rejects.toBeInstanceOf(RunError);
  });

  test("a file that is discarded leaves nothing, one that is committed stays", async () => {
    const file = await openAtomicFile(at("file"));
    await file.write("a line");
    expect(await readdir(folder)).toEqual([basename(file.temporary)]);
    await file.discard();
    expect(await readdir(folder)).toEqual([]);
    const other = await openAtomicFile(at("file"));
    await other.write("a line");
    await other.commit();
    await other.discard();
    expect(await readFile(at("file"), "utf8")).toBe("a line\n");
  });
});

describe("the next write into a folder", () => {
  test("removes what processes left that have ended, by earlier versions too, and nothing else", async () => {
    const ended = await endedProcess();
    const { pid, start } = ownMark();
    const foreign = "other.00000000-1-2-0123456789ab.tmp";
    const kept = [
      // Of a process that lives, of a machine that cannot be asked, and whatever is not ours.
      unfinished("other", pid, start),
      foreign,
      "notes.tmp",
      "notes.12.tmp",
      `file.${pid}.tmp`,
    ];
    const removed = [
      unfinished("other", ended),
      unfinished("file", ended, "1"),
      `file.${ended}.tmp`,
      "old.00000000-1-2-0123456789ab.tmp",
    ];
    for (const name of [...kept, ...removed]) await writeFile(at(name), "unfinished");
    const longAgo = Date.now() / 1000 - 2 * 24 * 3600;
    await utimes(at("old.00000000-1-2-0123456789ab.tmp"), longAgo, longAgo);
    await writeFileAtomic(at("file"), "content");
    expect((await readdir(folder)).sort()).toEqual([...kept, "file"].sort());
  });

  test.skipIf(process.platform !== "linux")("knows a number that was given again (Linux only)", async () => {
    await writeFile(at(unfinished("file", process.pid, "1")), "of a process with our number that started earlier");
    await writeFileAtomic(at("file"), "content");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  test("follows no link and minds no folder in the place of a leftover", async () => {
    const ended = await endedProcess();
    await writeFile(at("precious"), "precious");
    await symlink(at("precious"), at(unfinished("file", ended)));
    await mkdir(at(unfinished("folder", ended)));
    await writeFileAtomic(at("file"), "content");
    expect(await readFile(at("precious"), "utf8")).toBe("precious");
  });
});

describe("a process", () => {
  test("that ended has ended, one that runs has not", async () => {
    const mark = ownMark();
    expect(fateOf(mark)).toBe("running");
    expect(fateOf({ ...mark, pid: await endedProcess(), start: null })).toBe("ended");
    expect(isRunning(process.pid, null)).toBe(true);
  });

  test("of another machine or container is not taken for ended, one from before this machine's start is", () => {
    const mark = { ...ownMark(), boot: "now", namespace: "this" };
    const ended = { ...mark, pid: 2 ** 30 };
    expect(fateOf({ ...ended, host: "elsewhere", boot: "then" })).toBe("unknown");
    expect(fateOf({ ...ended, boot: ownMark().boot, namespace: "a container" })).toBe("unknown");
    if (ownMark().boot !== null) expect(fateOf({ ...mark, boot: "then" })).toBe("ended");
  });

  test.skipIf(process.platform !== "linux")(
    "that its parent has not buried yet has ended all the same (Linux only)",
    async () => {
      // The shell's child ends at once; what the shell has become never asks for its exit code.
      const script = "sleep 0 & echo $!; exec sleep 1000";
      const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
      const text = await new Promise<string>((resolve) => parent.stdout.once("data", (data) => resolve(String(data))));
      const pid = Number(text);
      // Until it is a zombie: sleep 0 takes no time, but some.
      await expect.poll(() => isRunning(pid, null)).toBe(false);
      expect(() => process.kill(pid, 0)).not.toThrow();
      parent.kill("SIGKILL");
      await new Promise((resolve) => parent.once("close", resolve));
    },
  );
});
