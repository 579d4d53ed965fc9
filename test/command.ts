/** Runs the built command line as a person would, in a folder of its own. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { randomKey } from "../src/base/index.ts";
import { writeImages } from "../src/data/index.ts";
import { type MadeKind, makeImages, makeParts, type PartKind } from "../src/made/index.ts";

const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** No terminal, and nothing kept in the user's folders. */
const own = { CI: "1", OUTGLOW_CACHE: "off" };

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts `outglow ARGS` in a folder. `largestFile` limits the size of every file it writes, in blocks of 512 bytes; `environment` holds
 * variables that are set besides the test's own.
 */
export function startOutglow(
  folder: string,
  args: readonly string[],
  { largestFile, environment = {} }: { readonly largestFile?: number; readonly environment?: NodeJS.ProcessEnv } = {},
): { child: ChildProcess; outcome: Promise<Outcome> } {
  return start([program, ...args], { cwd: folder, env: { ...process.env, ...own, ...environment } }, largestFile);
}

/** Runs a module that imports from the built package; its arguments begin at process.argv[1]. */
export function runScript(
  text: string,
  args: readonly string[],
  { largestFile }: { readonly largestFile?: number } = {},
): Promise<Outcome> {
  const all = ["--input-type=module", "--eval", text, "--", ...args];
  return start(all, { cwd: fileURLToPath(new URL("..", import.meta.url)) }, largestFile).outcome;
}

function start(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
  largestFile: number | undefined,
): { child: ChildProcess; outcome: Promise<Outcome> } {
  const child =
    largestFile === undefined
      ? spawn(process.execPath, args, options)
      : spawn("sh", ["-c", `ulimit -f ${largestFile}; exec "$@"`, "sh", process.execPath, ...args], options);
  const chunks = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      chunks[name] += text;
    });
  }
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, ...chunks }));
  });
  return { child, outcome };
}

/** What starts `outglow ARGS`: a program and its arguments. */
export function commandOf(args: readonly string[]): string[] {
  return [process.execPath, program, ...args];
}

/** A process that runs commands, one after another, and the promise of the last one. */
let standing: ChildProcess | undefined;
let earlier: Promise<unknown> = Promise.resolve();

/**
 * Runs `outglow ARGS` to its end, in a process that runs the others of these tests, too: most of a short command's time is the start of its
 * process. What is about the process itself (signals, limits, what it has open) and what runs beside another takes `startOutglow`.
 */
export function runOutglow(folder: string, ...args: string[]): Promise<Outcome> {
  return runOutglowWith({}, folder, ...args);
}

/** The same with variables of the environment: those that are read when a command runs, or by a process that it starts. */
export function runOutglowWith(
  environment: Readonly<Record<string, string>>,
  folder: string,
  ...args: string[]
): Promise<Outcome> {
  // Lone flags such as --help are answered before there is a program.
  if (args[0]?.startsWith("-")) return startOutglow(folder, args, { environment }).outcome;
  const outcome = earlier.then(() => runStanding(environment, folder, args));
  earlier = outcome.catch(() => undefined);
  return outcome;
}

async function runStanding(
  environment: Readonly<Record<string, string>>,
  folder: string,
  args: readonly string[],
): Promise<Outcome> {
  const child = standing ?? startStanding();
  standing = child;
  const said = { stderr: "" };
  const listen = (text: string): void => {
    said.stderr += text;
  };
  child.stderr!.on("data", listen);
  const done = new AbortController();
  const answer = once(child, "message", { signal: done.signal }).then(([outcome]) => outcome as Outcome);
  const end = once(child, "close", { signal: done.signal }).then(([code, signal]): Outcome => {
    standing = undefined;
    return { code, signal, stdout: "", stderr: said.stderr };
  });
  child.send({ environment, folder: resolve(folder), args });
  try {
    return await Promise.race([answer, end]);
  } finally {
    child.stderr!.off("data", listen);
    for (const other of [answer, end]) other.catch(() => undefined);
    done.abort();
  }
}

/** It ends with this process, which does not wait for it. */
function startStanding(): ChildProcess {
  const path = fileURLToPath(new URL("standing-program.mjs", import.meta.url));
  const child = fork(path, { stdio: ["ignore", "ignore", "pipe", "ipc"], env: { ...process.env, ...own } });
  child.stderr!.setEncoding("utf8");
  child.unref();
  child.channel?.unref();
  (child.stderr as unknown as { unref(): void }).unref();
  return child;
}

/** Goes on once a log holds that many whole lines: looks every 2 ms. Throws what the process said where it ends before. */
export async function untilLogged(path: string, lines: number, outcome: Promise<Outcome>): Promise<void> {
  const seen: { end?: Outcome } = {};
  outcome.then((end) => {
    seen.end = end;
  });
  while ((await readFile(path, "utf8").catch(() => "")).split("\n").length <= lines) {
    if (seen.end) throw earlyEnd(seen.end);
    await wait(2);
  }
}

/** Goes on once a process has said some word on stderr. Throws what it said where it ends without. */
export async function untilSaid(child: ChildProcess, word: string, outcome: Promise<Outcome>): Promise<void> {
  const said = new Promise<void>((resolve) => {
    child.stderr?.on("data", (text: string) => {
      if (text.includes(word)) resolve();
    });
  });
  const ended = outcome.then((end) => {
    throw earlyEnd(end);
  });
  await Promise.race([said, ended]);
}

function earlyEnd({ code, signal, stderr }: Outcome): Error {
  return new Error(`the process ended too early, with ${signal ?? code}: ${stderr}`);
}

/** A temporary folder that `dispose` removes. */
export async function temporaryFolder(): Promise<{ path: string; dispose: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "outglow-test-"));
  return { path, dispose: () => rm(path, { recursive: true, force: true }) };
}

/** Writes made grey 16x16 images as PNG files. */
export async function writeMadeImages(
  folder: string,
  kind: MadeKind,
  count: number,
  label: string = kind,
): Promise<void> {
  const specification = { channels: 1, height: 16, width: 16 };
  await mkdir(folder, { recursive: true });
  const images = makeImages({ kind, count, specification, key: randomKey("test").fold(label) });
  await writeImages(images, specification, folder);
}

/** The side of a made part. */
export const partSide = 64;

/** Writes made grey parts into a data set of MVTec's layout: images into its folder `place`, the masks of faulty ones beside. */
export async function writeMadeParts(
  set: string,
  place: string,
  kind: PartKind,
  count: number,
  label: string,
): Promise<void> {
  const key = randomKey(label).fold(place);
  const { pixels, masks, names } = makeParts({ kind, count, side: partSide, key });
  const shape = { channels: 1, height: partSide, width: partSide };
  await writeImages({ pixels, names }, shape, join(set, place));
  if (kind === "good") return;
  const masked = names.map((name) => `${name}_mask`);
  await writeImages({ pixels: masks, names: masked }, shape, join(set, place.replace("test", "ground_truth")));
}

/** Flags of a training that takes a second. */
export const quickTraining = [
  "--size=16",
  "--scales=2",
  "--depth=1",
  "--width=8",
  "--batch=16",
  "--steps=30",
  "--evaluate-every=10",
  "--threads=1",
] as const;
