/** What a person types after `outglow doctor`. */
import { Command } from "commander";
import type { DoctorOptions } from "./doctor.ts";
import { plainDeviceOption } from "./options.ts";

/** `outglow doctor`. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("say what this machine has, and check that the engine computes what it should")
    .addOption(plainDeviceOption("try only this one: cpu, webgpu or cuda; what its driver says is shown too"))
    .option("--prune", "list what the engine brought for other platforms; with --yes, remove it", false)
    .option("--yes", "with --prune: remove it", false)
    .option("--json", "print one JSON object", false)
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import("./doctor.ts");
      await doctor(options);
    });
}
