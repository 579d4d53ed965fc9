/** `outglow quickstart`: makes images, trains a general and a normal model, evaluates every score, and shows what was found. */
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, setting } from "../base/index.ts";
import { quickstartRequest, usualQuickstartTime, writeQuickstartImages } from "../experiments/index.ts";
import { anomalousMadeKinds } from "../made/index.ts";
import { openConsole } from "./console.ts";
import { evaluate } from "./evaluate.ts";
import { nextFreeName } from "./output-file.ts";
import { predict } from "./predict.ts";
import { quickstartFaults, usualFaultTime } from "./quickstart-faults.ts";
import { sample } from "./sample.ts";
import { train } from "./train.ts";

/** The options of `outglow quickstart`, as commander parses them. */
export interface QuickstartOptions {
  readonly out?: string;
  readonly time?: number;
  readonly seed: number;
  readonly threads?: number;
}

/** Runs the quickstart, or the one that looks for faults. */
export async function quickstart(
  { out, time: wished, seed, threads }: QuickstartOptions,
  what?: "faults",
): Promise<void> {
  const output = openConsole(false);
  const started = performance.now();
  const folder = out ?? (await freeFolder());
  if ((await readdir(folder).catch(() => [])).length > 0) {
    throw new ConfigError({
      code: "exists",
      subject: setting("out"),
      expected: "a new folder",
      got: `'${folder}' with files in it`,
      remedy: { key: "choose-another" },
    });
  }
  if (what === "faults") {
    const engine = { seed, ...(threads === undefined ? {} : { threads }) };
    await quickstartFaults({
      folder,
      time: wished ?? usualFaultTime,
      ...engine,
      note: output.note,
      print: output.print,
    });
    return;
  }
  const time = wished ?? usualQuickstartTime;
  const images = join(folder, "images");
  const detector = join(folder, "detector");
  output.note(`making images in ${images}`);
  await writeQuickstartImages(images, seed);

  const engine = {
    device: "cpu",
    memory: "auto",
    quiet: false,
    json: false,
    strict: true,
    ...(threads === undefined ? {} : { threads }),
  } as const;
  const request = quickstartRequest({ images, out: detector, time, seed, threads });
  const outcome = await train(request, { quiet: false, json: false });
  if (outcome === "interrupted") return;

  const anomalous = anomalousMadeKinds.map((kind) => `${kind}=${join(images, `test-${kind}`)}`);
  await evaluate(detector, {
    ...engine,
    normal: join(images, "test-normal"),
    anomalous,
    seed,
    coders: true,
    report: join(folder, "report.html"),
    force: false,
  });
  const sheet = join(folder, "most-anomalous.png");
  const tests = ["normal", ...anomalousMadeKinds].map((kind) => join(images, `test-${kind}`));
  await predict(detector, tests, {
    ...engine,
    falseAlarm: 0.05,
    out: join(folder, "scores.csv"),
    sort: true,
    top: 24,
    sheet,
    force: false,
  });
  const samples = join(folder, "samples.png");
  await sample(detector, { ...engine, count: 16, out: samples, temperature: 0.7, seed, model: "normal", force: false });
  for (const line of explanation(folder, (performance.now() - started) / 1000)) output.print(line);
}

function explanation(folder: string, seconds: number): string[] {
  return [
    "",
    "What you see: normal and anomalous images differ in the shape of one object and in nothing else. Raw likelihood hardly tells them",
    "apart, because it mostly measures edges, colours and texture. The joined score hears those that look past them, and does.",
    "",
    `images         ${join(folder, "images")}`,
    `detector       ${join(folder, "detector")}`,
    `contact sheet  ${join(folder, "most-anomalous.png")}`,
    `report         ${join(folder, "report.html")}`,
    `all scores     ${join(folder, "scores.csv")}`,
    `samples        ${join(folder, "samples.png")}`,
    `done in ${seconds.toFixed(0)} s`,
  ];
}

async function freeFolder(): Promise<string> {
  const name = "quickstart";
  const taken = await access(name).then(
    () => true,
    () => false,
  );
  return taken ? nextFreeName((number) => `${name}-${number + 1}`) : name;
}
