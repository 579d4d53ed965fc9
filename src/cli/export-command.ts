/** What a person types after `outglow export`. */
import { Command } from "commander";
import type { ExportCommandOptions } from "./export.ts";
import { oneOf, withEngineOptions } from "./options.ts";

/** `outglow export`. */
export function exportCommand(): Command {
  const command = new Command("export")
    .description("write a detector as ONNX files for other programs, held against the detector first")
    .argument("<detector>", "folder that outglow train made")
    .requiredOption("--out <folder>", "where the files go")
    .option("--score <name>", "the score that the model gives (default: the detector's, where one graph can hold it)")
    .option("--map", "also give a map of the image", false)
    .option("--latents", "also give the flow's latents", false)
    .option("--resize", "take images of any size; resized a little otherwise than outglow does", false)
    .option("--faults", "also write the networks that look for local faults, a model a level", false)
    .option("--layout <name>", "plain files, or a triton model repository", oneOf(["plain", "triton"]), "plain")
    .option("--names <whose>", "outglow's names of outputs or anomalib's", oneOf(["outglow", "anomalib"]), "outglow")
    .option("--name <name>", "what a server calls the model (default: the detector's folder)")
    .option("--license <text>", "the terms of the model, written into the files")
    .option("--force", "replace files that are there", false);
  return withEngineOptions(command).action(async (detector: string, options: ExportCommandOptions) => {
    const { exportFiles } = await import("./export.ts");
    await exportFiles(detector, options);
  });
}
