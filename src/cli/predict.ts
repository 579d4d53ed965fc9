/** `outglow predict`: a table of scores, p-values and decisions, and a contact sheet of the most anomalous images. */
import { extname } from "node:path";
import { ConfigError, commandLine, setting } from "../base/index.ts";
import { type AtomicFile, openAtomicFile, openImages, type PreparationProblem } from "../data/index.ts";
import { ruleLabel } from "../score/index.ts";
import {
  byScore,
  csvFormat,
  type Decision,
  decisionOf,
  decisionPage,
  drawSheet,
  inPieces,
  jsonFormat,
  keepTop,
  type MapSubject,
  mapSubject,
  mapWriter,
  marksTogether,
  nameOfMap,
  openDetector,
  type Prediction,
  predict as predictImages,
  type RuleSettings,
  type SheetImage,
  type TableFormat,
  wishedRule,
} from "../workflow/index.ts";
import { cachePlace } from "./cache-place.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import type { CacheOptions, EngineOptions } from "./options.ts";
import {
  discardOnInterrupt,
  refuseAmongImages,
  refuseExisting,
  refuseFull,
  usualTop,
  writeOutput,
} from "./output-file.ts";

/** What is typed after `outglow predict`. */
export interface PredictOptions extends CacheOptions, EngineOptions, RuleSettings {
  readonly score?: string;
  readonly out?: string;
  readonly sort: boolean;
  readonly top?: number;
  readonly sheet?: string;
  readonly maps?: string;
  readonly report?: string;
  readonly strict: boolean;
  readonly force: boolean;
}

/** Where a table goes, without the line break at its end. */
interface Table {
  readonly format: TableFormat;
  readonly write: (lines: string) => void | Promise<void>;
}

/** Rows that are written in one go where they come in input order. */
const rowsAtOnce = 64;

/** Where a contact sheet goes where only its number of images is said. */
const usualSheet = "most-anomalous.png";

/** Scores images and prints or writes the table. */
export async function predict(folder: string, locations: readonly string[], options: PredictOptions): Promise<void> {
  const { out, sheet = usualSheet, maps, report, force } = options;
  const topCount = options.top ?? (options.sheet === undefined ? undefined : usualTop);
  const output = openConsole(options.quiet);
  const judging = { score: options.score, strict: options.strict, rule: wishedRule(options) };
  checkFormat(out);
  if (out !== undefined) await refuseExisting(out, force, setting("out"));
  if (topCount !== undefined) {
    await refuseExisting(sheet, force, setting("sheet"));
    await refuseAmongImages(sheet, locations);
  }
  if (report !== undefined) await refuseExisting(report, force, setting("report"));
  if (maps !== undefined && !force) await refuseFull(maps, setting("maps"));
  // Everything that can be wrong is found before the first image is scored.
  const source = await openImages(locations, "images");
  const detector = await openDetector(folder, options);
  const tell = eventPrinter(output);
  const cache = cachePlace(options);
  const skipped: PreparationProblem[] = [];
  const onEvent: typeof tell = (event) => {
    if (event.kind === "skipped") skipped.push(...event.problems);
    tell(event);
  };
  let file: AtomicFile | undefined;
  let calledOff = (): void => undefined;
  try {
    const decision = decisionOf(detector, judging, source.length);
    const page = report === undefined ? undefined : decisionPage(detector, decision);
    const mapped = maps === undefined ? undefined : mapSubject(detector.manifest, decision.score);
    const onMap = maps === undefined ? undefined : mapWriter(maps);
    const tables: Table[] = [];
    if (out !== undefined) {
      const format = extname(out) === ".json" ? jsonFormat(decision) : csvFormat(decision);
      file = await openAtomicFile(out);
      calledOff = discardOnInterrupt(file);
      tables.push({ format, write: file.write });
    }
    if (options.json) tables.push({ format: jsonFormat(decision), write: output.print });
    else if (out === undefined) tables.push({ format: csvFormat(decision), write: output.print });

    let count = 0;
    let marked = 0;
    const write = async (rows: readonly Prediction[]): Promise<void> => {
      for (const { format, write: writeLines } of tables) {
        const head = count === 0 ? format.head(rows[0]!) : [];
        await writeLines([...head, ...format.rows(rows, count)].join("\n"));
      }
      count += rows.length;
      marked += rows.filter(({ anomalous }) => anomalous).length;
    };
    const onlyPrinted = out === undefined && topCount === undefined && maps === undefined && page === undefined;
    let waiting: Prediction[] = [];
    let top: readonly SheetImage[] = [];
    let seen = 0;
    for await (const image of predictImages(detector, source, { ...judging, onMap }, { onEvent, cache })) {
      const { pixels: _, maps: __, ...row } = image;
      waiting.push(row);
      page?.add("images", "unlabelled", image);
      top = keepTop(top, { ...image, index: seen++ }, topCount ?? 0);
      // Only an order by score, or a rule about all images, needs all rows in memory.
      if (options.sort || decision.together || waiting.length < rowsAtOnce) continue;
      await write(waiting);
      waiting = [];
      // Nobody waits for the rest.
      if (onlyPrinted && !output.heard()) return;
    }
    if (decision.together) {
      const all = marksTogether(decision, waiting);
      waiting = waiting.map((row, index) => ({ ...row, anomalous: all[index]! }));
      top = top.map((image) => ({ ...image, anomalous: all[image.index]! }));
    }
    // Sorting is stable: images with equal scores stay in input order.
    if (options.sort) waiting.sort(byScore);
    for (const rows of inPieces(waiting)) await write(rows);
    for (const { format, write: writeLines } of tables) {
      for (const lines of inPieces(format.tail(skipped))) await writeLines(lines.join("\n"));
    }
    if (out !== undefined) {
      await refuseExisting(out, force, setting("out"));
      await file?.commit({ replace: force });
      output.note(`scores of ${count} images: ${out}`);
    }
    if (topCount !== undefined) {
      const drawn = await drawSheet(detector, decision, top, count, { maps: maps !== undefined });
      await writeOutput(sheet, drawn, { force, subject: setting("sheet") });
      output.note(`contact sheet: ${sheet}`);
    }
    if (report !== undefined && page) {
      const html = await page.render({
        title: `Decisions on ${count} images`,
        inputs: [{ name: locations.join(", "), read: count, skipped }],
        settings: [["rule", ruleLabel(decision.rule)]],
        commands: [commandLine(process.argv.slice(2))],
      });
      await writeOutput(report, html, { force, subject: setting("report") });
      output.note(`report: ${report}`);
    }
    if (mapped) output.note(`maps of ${count} images${wordsOfMap(mapped, decision)}: ${maps}`);
    output.note(`${marked} of ${count} images marked anomalous by ${decision.score}: ${decision.words}`);
  } finally {
    calledOff();
    await file?.discard();
    await detector.dispose();
  }
}

/** What maps show, where that is not what the deciding score looks at. */
function wordsOfMap(mapped: MapSubject, { score }: Decision): string {
  const shown = nameOfMap(mapped);
  return shown === score || mapped.kind === "joined" ? ` by ${score}` : ` by ${shown}, as ${score} has no places`;
}

function checkFormat(path: string | undefined): void {
  if (path === undefined || [".csv", ".json"].includes(extname(path))) return;
  throw new ConfigError({
    code: "unsupported",
    subject: setting("out"),
    expected: "a name that ends in .csv or .json",
    got: `'${path}'`,
  });
}
