/** `outglow quickstart faults`: makes parts, some of them scratched or dented, learns from good ones alone, and shows what it finds and where. */
import { join } from "node:path";
import { writeQuickstartParts } from "../experiments/index.ts";
import { evaluate } from "./evaluate.ts";
import { predict } from "./predict.ts";
import { train } from "./train.ts";

/** What the quickstart gives. */
export interface FaultsQuickstart {
  /** A folder of its own, empty. */
  readonly folder: string;
  readonly time: number;
  readonly seed: number;
  readonly threads?: number;
  note(text: string): void;
  print(text: string): void;
}

/** Seconds of training where nobody says otherwise: the whole takes less than 40. */
export const usualFaultTime = 24;

/** Runs it. */
export async function quickstartFaults({ folder, time, seed, threads, note, print }: FaultsQuickstart): Promise<void> {
  const started = performance.now();
  const [parts, detector, maps] = [join(folder, "parts"), join(folder, "detector"), join(folder, "maps")];
  note(`making parts in ${parts}`);
  await writeQuickstartParts(parts, seed);
  const engine = { device: "cpu", quiet: false, json: false, strict: true } as const;
  const telling = { quiet: false, json: false };
  const size = { size: 32, depth: 4, width: 32 };
  const outcome = await train({ normal: parts, faults: true, time, out: detector, seed, threads, ...size }, telling);
  if (outcome === "interrupted") return;
  const known = threads === undefined ? {} : { threads };
  const looking = { ...engine, ...known, normal: parts, anomalous: [parts] };
  await evaluate(detector, { ...looking, seed, coders: false, force: false });
  const sheet = join(folder, "most-anomalous.png");
  await predict(detector, [join(parts, "test")], {
    ...engine,
    ...known,
    falseAlarm: 0.05,
    out: join(folder, "scores.csv"),
    sort: true,
    top: 24,
    sheet,
    maps,
    force: false,
  });
  const lines = [
    "",
    "What you see: good parts alone were learned from, and faults that the program drew on them (what was looked for). The maps show where",
    "new parts have scratches and dents, at the parts' own size. More time finds more: give --time 5m.",
    "",
    `parts                ${parts}`,
    `what was looked for  ${join(detector, "faults.png")}`,
    `maps                 ${maps}`,
    `contact sheet        ${sheet}`,
    `all scores           ${join(folder, "scores.csv")}`,
    `done in ${((performance.now() - started) / 1000).toFixed(0)} s`,
  ];
  for (const line of lines) print(line);
}
