/** What a person types after `outglow studio`. */
import { Command } from "commander";
import { studioSchema } from "../studio/settings.ts";
import { wholeNumber } from "./options.ts";
import type { StudioOptions } from "./studio.ts";

/** `outglow studio`. */
export function studioCommand(): Command {
  const defaults = studioSchema.parse({});
  return new Command("studio")
    .description("open the studio in a browser: train, look, decide and score by pages on this machine")
    .argument("[folder]", "folder to work in, where detectors are found and made", defaults.folder)
    .option("--port <n>", "port to listen at; 0 for any that is free", wholeNumber(0), defaults.port)
    .option("--no-open", "open no browser")
    .action(async (folder: string, options: Omit<StudioOptions, "folder">) => {
      const { studio } = await import("./studio.ts");
      await studio({ folder, ...options });
    });
}
