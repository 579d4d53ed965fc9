/** What a person types after `outglow find`. */
import { Command, Option } from "commander";
import { flagOf, writeSettings } from "../base/index.ts";
import { type FindRequest, usualOf } from "../workflow/finding/find-request.ts";
import { trainNotes } from "../workflow/training/train-notes.ts";
import {
  type CacheOptions,
  deviceOption,
  duration,
  numberOf,
  type TellingOptions,
  withCacheOptions,
} from "./options.ts";

/** Where a search leaves everything if nothing is said. */
const usualFolder = "found";

/** Settings that mean what they mean in training: name, what stands for the value, how it is read where it is no word. */
const trained = [
  ["generalDetector", "<folder>"],
  ["group", "<pattern>"],
  ["size", "<pixels>", numberOf],
  ["channels", "<n>", numberOf],
  ["background", "<colour>"],
  ["fit", "<way>"],
  ["range", "<way>"],
  ["depth", "<n>", numberOf],
  ["width", "<n>", numberOf],
  ["batch", "<n>", numberOf],
  ["seed", "<n>", numberOf],
  ["threads", "<n>", numberOf],
  ["memory", "<mode>"],
  ["strict", ""],
] as const;

/** `outglow find`. */
export function findCommand(): Command {
  const command = new Command("find")
    .description("find the images that don't belong in one pile of images, with no normal images at hand")
    .argument("[images...]", "the pile: folders, archives, files of data sets")
    .option("--out <folder>", "where table, sheet, report and models go", usualFolder)
    .option("--time <duration>", "train this long in all, e.g. 90s, 20m (default 10m)", duration)
    .option("--steps <n>", "train every model this many steps, the general one twice as many", numberOf)
    .option("--top <n>", "how many of the oddest images come out (default 24)", numberOf)
    .option("--share <share>", "which share of all images comes out instead, e.g. 0.02", numberOf)
    .option("--general <data>", "images of anything, against which the pile is held (default: builtin)");
  for (const [name, value, read] of trained) {
    const about = writeSettings(trainNotes[name], flagOf);
    const option = new Option(`${flagOf(name)} ${value}`.trim(), about);
    const usual = usualOf(name);
    if (usual !== undefined && value !== "") option.default(usual);
    command.addOption(read ? option.argParser(read) : option);
  }
  command
    .addOption(deviceOption())
    .option("--resume", "go on with the search in --out where it was stopped")
    .option("--force", "replace the search in --out")
    .option("--quiet", "no progress on stderr", false)
    .option("--json", "print one JSON object on stdout", false);
  return withCacheOptions(command).action(
    async (data: string[], { quiet, json, cache, ...settings }: FindRequest & CacheOptions & TellingOptions) => {
      const { find } = await import("./find.ts");
      // What was not typed is left to the request's defaults: a search that is gone on with takes no others than its own.
      const typed = Object.entries(settings).filter(([name]) => command.getOptionValueSource(name) === "cli");
      const pile = data.length === 0 ? {} : { data };
      await find(
        { out: settings.out, ...Object.fromEntries(typed), ...pile },
        { quiet, json, ...(cache !== undefined && { cache }) },
      );
    },
  );
}
