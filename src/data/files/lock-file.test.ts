/** Locks: one holder whoever else comes at the same moment, and no lock that outlives its holder. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { beat, lockHolder, takeLock } from "./lock-file.ts";
import { ownMark } from "./process-mark.ts";

const links = vi.hoisted(() => ({ supported: true }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const refuse = () => Promise.reject(Object.assign(new Error("no links here"), { code: "ENOTSUP" }));
  return { ...real, link: (from: string, to: string) => (links.supported ? real.link(from, to) : refuse()) };
});

let folder: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "outglow-lock-"));
  path = join(folder, "lock");
});

afterEach(async () => {
  links.supported = true;
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const built = fileURLToPath(new URL("../../../dist/data/files/lock-file.js", import.meta.url));

/** A process that waits for a line on stdin, takes the lock, says "taken" or "busy", and keeps it while it lives. */
function startTaker(): { readonly child: ChildProcess; ready: Promise<string>; said: Promise<string>; go: () => void } {
  const script = `import { takeLock } from ${JSON.stringify(built)};
    process.stdout.write("ready\\n");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    const outcome = await takeLock(${JSON.stringify(path)});
    process.stdout.write("lock" in outcome ? "taken\\n" : "busy\\n");
    process.stdin.resume();`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  let text = "";
  const waiting: (() => void)[] = [];
  child.stdout?.setEncoding("utf8").on("data", (more: string) => {
    text += more;
    for (const look of waiting) look();
  });
  const line = (number: number) =>
    new Promise<string>((resolve) => {
      const look = (): void => {
        const lines = text.split("\n");
        if (lines.length > number) resolve(lines[number - 1]!);
      };
      waiting.push(look);
    });
  return { child, ready: line(1), said: line(2), go: () => void child.stdin?.write("\n") };
}

async function end(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await closed;
}

async function raceOf(count: number): Promise<{ readonly winners: readonly ChildProcess[] }> {
  const takers = Array.from({ length: count }, startTaker);
  await Promise.all(takers.map(({ ready }) => ready));
  for (const { go } of takers) go();
  const said = await Promise.all(takers.map((taker) => taker.said));
  return { winners: takers.filter((_, index) => said[index] === "taken").map(({ child }) => child) };
}

async function expectTaken(): Promise<void> {
  const outcome = await takeLock(path);
  if (!("lock" in outcome)) throw new Error(`held by ${JSON.stringify(outcome.holder)}`);
  expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject(ownMark());
  expect(await readdir(folder)).toEqual(["lock"]);
  await outcome.lock.release();
  expect(await readdir(folder)).toEqual([]);
}

describe.each([true, false])("a lock, where files can have two names: %s", (supported) => {
  beforeEach(() => {
    links.supported = supported;
  });

  test("is taken, told of, and given back", async () => {
    expect(await lockHolder(path)).toBeUndefined();
    const outcome = await takeLock(path);
    if (!("lock" in outcome)) throw new Error("busy");
    expect(await lockHolder(path)).toMatchObject({ pid: process.pid, own: true });
    await outcome.lock.release();
    expect(await lockHolder(path)).toBeUndefined();
    await expectTaken();
  });

  test("goes to one of many that ask in one process, and to no second one by another name of its folder", async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
    const locks = outcomes.flatMap((outcome) => ("lock" in outcome ? [outcome.lock] : []));
    expect(locks).toHaveLength(1);
    await symlink(folder, join(folder, "other-name"));
    expect(await takeLock(join(folder, "other-name", "lock"))).toMatchObject({ holder: { own: true } });
    await rm(path);
    expect(await takeLock(path), "the file was removed by hand").toMatchObject({ holder: { own: true } });
    await locks[0]!.release();
    await rm(join(folder, "other-name"));
    await expectTaken();
  });

  test("gives back its own file only", async () => {
    const outcome = await takeLock(path);
    if (!("lock" in outcome)) throw new Error("busy");
    await writeFile(path, "somebody else's");
    await outcome.lock.release();
    expect(await readFile(path, "utf8")).toBe("somebody else's");
  });

  test.each([
    ["a number that no process has", String(2 ** 30)],
    // Only Linux tells when a process started.
    ...(process.platform === "linux" ? [["the number of an earlier version's process, given again", "1\n"]] : []),
    ["nothing", ""],
    ["what is no lock", "{"],
  ])("is taken over where it holds %s and is old", async (_name, content) => {
    await writeFile(path, content);
    await utimes(path, 1e9, 1e9);
    expect(await lockHolder(path)).toBeUndefined();
    await expectTaken();
  });

  test("is taken over where whoever was taking it over was killed as well", async () => {
    const note = { ...ownMark(), pid: 2 ** 30, since: "2020-01-01T00:00:00.000Z" };
    await writeFile(path, JSON.stringify({ ...note, token: "0123456789abcdef" }));
    await writeFile(`${path}-0123456789abcdef`, JSON.stringify({ ...note, token: "fedcba9876543210" }));
    await expectTaken();
  });

  test("is left alone where it is empty and new, or of an earlier version's process that lives", async () => {
    await writeFile(path, "");
    expect(await takeLock(path)).toMatchObject({ holder: { pid: null } });
    await writeFile(path, String(process.pid));
    expect(await takeLock(path)).toMatchObject({ holder: { pid: process.pid } });
  });

  test("is left alone where its holder is on another machine", async () => {
    const note = { ...ownMark(), host: "elsewhere", boot: "then", since: "2020-01-01T00:00:00.000Z" };
    await writeFile(path, JSON.stringify({ ...note, token: "0123456789abcdef" }));
    const expected = { pid: process.pid, host: "elsewhere", since: "2020-01-01T00:00:00.000Z", own: false };
    expect(await takeLock(path)).toEqual({ holder: expected });
    expect(await lockHolder(path)).toEqual(expected);
    // Its holder would have touched it many times since.
    const longAgo = Date.now() / 1000 - 3600;
    await utimes(path, longAgo, longAgo);
    expect(await lockHolder(path)).toBeUndefined();
    await expectTaken();
  });

  test("is touched by its holder while it is held, and no more when it is another's", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const outcome = await takeLock(path);
      if (!("lock" in outcome)) throw new Error("busy");
      await utimes(path, 1e9, 1e9);
      vi.advanceTimersByTime(beat);
      await expect.poll(async () => (await stat(path)).mtimeMs).toBeGreaterThan(1e12);
      expect(await outcome.lock.isHeld()).toBe(true);
      await writeFile(path, "another's");
      expect(await outcome.lock.isHeld()).toBe(false);
      await outcome.lock.release();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test.skipIf(process.platform !== "linux")(
    "is taken over where its holder's number was given again (Linux only)",
    async () => {
      const note = { ...ownMark(), start: "1", since: "2020-01-01T00:00:00.000Z", token: "0123456789abcdef" };
      await writeFile(path, JSON.stringify(note));
      await expectTaken();
    },
  );

  test("says so where it can be neither made nor read", async () => {
    await symlink(join(folder, "nowhere"), path);
    await expect(takeLock(path)).rejects.toThrow(/lock' can neither be made nor read/);
    await rm(path);
    await mkdir(path);
    await expect(takeLock(path)).rejects.toThrow(/EISDIR/);
    await rm(path, { recursive: true });
    await expectTaken();
  });
});

describe("of several processes that ask at the same moment", () => {
  test("one gets a new lock, and again one when that was killed", async () => {
    for (let round = 0; round < 3; round++) {
      const { winners } = await raceOf(4);
      expect(winners).toHaveLength(1);
      expect(await lockHolder(path)).toMatchObject({ pid: winners[0]!.pid, own: false });
      expect(await readdir(folder)).toEqual(["lock"]);
      await end(winners[0]!);
    }
    await expectTaken();
  });
});
