/** The programs of examples/: twelve of at most forty lines, each of which runs, on one small detector and in one process. */
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { train } from "../src/index.ts";
import { temporaryFolder, writeMadeImages } from "./command.ts";

const folder = new URL("../examples/", import.meta.url);
/** As a person has it: the examples import the built package, `../dist/index.js`, by its name. */
const runner = fileURLToPath(new URL("run-examples.mjs", import.meta.url));

let made: Awaited<ReturnType<typeof temporaryFolder>>;
let printed: Readonly<Record<string, readonly string[]>>;
const at = (...parts: string[]): string => join(made.path, ...parts);

beforeAll(async () => {
  made = await temporaryFolder();
  await writeMadeImages(at("good"), "normal", 100);
  await writeMadeImages(at("new"), "normal", 12, "new");
  await writeMadeImages(at("bad"), "crosses", 12);
  await writeMadeImages(at("dark"), "natural", 40);
  const model = { size: 16, scales: 2, depth: 1, width: 8, batch: 16, threads: 1, heldOut: 0.4 };
  await train({ ...model, normal: at("good"), out: at("detector"), steps: 30, evaluateEvery: 10 });
  await cp(at("detector"), at("other"), { recursive: true });
  await mkdir(at("incoming"));
  for (const name of await readdir(at("new"))) await cp(at("new", name), at("incoming", name));
  const bad = at("bad", (await readdir(at("bad")))[0]!);
  const good = at("new", (await readdir(at("new")))[0]!);
  const programs = [
    { name: "01-train.mjs", args: [at("good"), at("trained")] },
    {
      name: "02-gate-in-a-server.mjs",
      args: [at("detector")],
      requests: [good, bad, runner].map((file) => ({ path: "/classify", file })),
    },
    { name: "03-watch-a-camera.mjs", args: [at("detector"), at("incoming"), "--once"] },
    { name: "04-clean-a-data-set.mjs", args: [at("detector"), at("new"), at("cleaned")] },
    { name: "05-score-a-store.mjs", args: [at("detector"), at("new")] },
    { name: "06-custom-score.mjs", args: [at("detector"), at("good"), at("new")] },
    { name: "07-custom-bijector.mjs", args: [] },
    { name: "09-onnx-outside.mjs", args: [at("detector"), at("exported")] },
    { name: "10-drift-alarm.mjs", args: [at("detector"), at("dark")] },
    { name: "11-another-camera.mjs", args: [at("detector"), at("good"), at("bad"), at("finer")] },
    { name: "12-compare-detectors.mjs", args: [at("detector"), at("finer"), at("new"), at("bad")] },
  ];
  const { stdout } = await promisify(execFile)(process.execPath, [runner, JSON.stringify(programs)], {
    cwd: made.path,
  });
  printed = JSON.parse(stdout);
});

afterAll(() => made.dispose());

test("there are twelve, each short, and each says first what it is", async () => {
  const names = (await readdir(folder)).filter((name) => name !== "README.md").sort();
  expect(names).toHaveLength(12);
  for (const [index, name] of names.entries()) {
    expect(name.slice(0, 2)).toBe(String(index + 1).padStart(2, "0"));
    const text = await readFile(new URL(name, folder), "utf8");
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
    expect(text).toMatch(/^(\/\/ |<!doctype html>\n<!-- )[A-Z]/);
  }
});

describe("the program", () => {
  test.each([
    ["01-train.mjs", /^step 10\nstep 20\nstep 30\n[\s\S]*trained .*trained$/],
    [
      "02-gate-in-a-server.mjs",
      /^(200|422) \{.*"pValue".*\}\n(200|422) \{.*"pValue".*\}\n400 \{"error":".*image 0.*"\}$/,
    ],
    ["03-watch-a-camera.mjs", /\n12 images, \d+ odd ones$/],
    ["04-clean-a-data-set.mjs", /^\d+ clean, \d+ to look at in .*odd$/],
    ["05-score-a-store.mjs", /^(\{"key":"normal-\d+\.png","score":-?[\d.]+,"pValue":[\d.]+\}\n?){12}$/],
    ["06-custom-score.mjs", /^(.*\.png -?[\d.]+ [\d.]+\n?){12}$/],
    ["07-custom-bijector.mjs", /^log-det of the first image -[\d.]+ there and back within 1e-5$/],
    ["09-onnx-outside.mjs", /^[\w-]+ -?[\d.]+ p [\d.]+ (odd|fine)$/],
    ["10-drift-alarm.mjs", /^drift: .* than in the calibration/],
    ["11-another-camera.mjs", /^.*detector [\w-]+ AUROC [01]\.\d{3}\n.*finer [\w-]+ AUROC [01]\.\d{3}$/],
    ["12-compare-detectors.mjs", /(is noise|is better than)/],
  ])("%s runs", (name, expected) => {
    expect(printed[name]!.join("\n")).toMatch(expected);
  });

  test("for a page asks for what pages have", async () => {
    const text = await readFile(new URL("08-score-in-a-page.html", folder), "utf8");
    const [, names] = /import \{ (.*) \} from "outglow\/web"/.exec(text)!;
    const entry = await readFile(new URL("../web/engine/index.ts", import.meta.url), "utf8");
    for (const name of names!.split(", ")) expect(entry).toMatch(new RegExp(`^export async function ${name}\\b`, "m"));
  });
});
