/** Nothing leaves the machine: no process that computes writes an identifier or events of the engine's maker into HOME, or needs to. */
import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "./command.ts";

const run = promisify(execFile);
const built = (path: string): string => new URL(`../dist/${path}`, import.meta.url).href;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => join(folder.path, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(at("file"), "");
  await mkdir(at("work"));
});

afterAll(() => folder.dispose());

const compute = `const { tryDevice } = await import("${built("runtime/index.js")}"); await tryDevice("cpu");`;
const programs: Readonly<Record<string, readonly string[]>> = {
  "a program on the library": ["--input-type=module", "--eval", compute],
  "a worker thread of a program that has loaded the library": [
    "--input-type=module",
    "--eval",
    `import { Worker } from "node:worker_threads"; await import("${built("runtime/index.js")}");` +
      `new Worker(${JSON.stringify(`(async () => { ${compute} })()`)}, { eval: true });`,
  ],
  "the process that tries a device": [
    "--input-type=module",
    "--eval",
    `const { findDeviceApart } = await import("${built("runtime/index.js")}"); const { works } = await findDeviceApart("cpu");` +
      "process.exitCode = works ? 0 : 1;",
  ],
  "the command line": [new URL("../dist/cli/main.js", import.meta.url).pathname, "doctor", "--device", "cpu"],
};

/** Runs a program in a HOME, without the variable that this very process may have set. */
function runIn(home: string, args: readonly string[]) {
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...others } = process.env;
  return run(process.execPath, args, { env: { ...others, HOME: home }, cwd: at("work") });
}

describe.each(Object.entries(programs))("%s", (name, args) => {
  test("leaves a fresh HOME empty", async () => {
    const home = at(name);
    await mkdir(home);
    await runIn(home, args);
    expect(await readdir(home, { recursive: true })).toEqual([]);
    expect(await readdir(at("work"))).toEqual([]);
  });

  test("says nothing of a HOME that cannot be written, and writes nothing elsewhere", async () => {
    // Below a file: not even root can make it.
    const { stderr } = await runIn(at("file", "home"), args);
    expect(stderr).toBe("");
    expect(await readdir(at("work"))).toEqual([]);
  });
});

test("importing the engine's interface does not load the engine", async () => {
  const loaded = `process.report.getReport().sharedObjects.some((path) => path.includes("onnxruntime"))`;
  const program =
    `const { tryDevice } = await import("${built("runtime/index.js")}"); const before = ${loaded};` +
    `await tryDevice("cpu"); process.stdout.write(JSON.stringify({ before, after: ${loaded} }));`;
  const { stdout } = await runIn(at(), ["--input-type=module", "--eval", program]);
  expect(JSON.parse(stdout)).toEqual({ before: false, after: true });
});

test("a device is tried in a process of its own that runs nothing else again", async () => {
  const program =
    `process.stdout.write("once\\n"); const { findDeviceApart } = await import("${built("runtime/index.js")}");` +
    `process.stdout.write(JSON.stringify(await findDeviceApart("cpu")));`;
  const { stdout } = await runIn(at(), ["--input-type=module", "--eval", program]);
  expect(stdout).toBe('once\n{"name":"cpu","works":true}');
});
