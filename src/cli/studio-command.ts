/** What a person types after `outglow studio`. */
import { Command } from "commander";
import { studioSchema } from "../studio/settings.ts";
import { wholeNumber } from "./options.ts";
import type { StudioOptions } from "./studio.ts";
import type { SiteRequest } from "./studio-export.ts";

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
    })
    .addCommand(exportCommand());
}

/** `outglow studio export`. */
function exportCommand(): Command {
  return new Command("export")
    .description("write a detector as a folder of static files: pages that score in anybody's browser")
    .argument("<detector>", "folder of a detector")
    .requiredOption("--out <folder>", "folder to write")
    .option("--paper <file>", "file of another paper for the page about it (docs/paper-format.md)")
    .option("--force", "replace a folder that was exported before", false)
    .action(async (detector: string, options: Omit<SiteRequest, "detector">) => {
      const { exportDetector } = await import("./studio-export.ts");
      await exportDetector({ detector, ...options });
    });
}
