/** What a person types after `outglow doctor`. */
import { Command } from "commander";

/** The options of `outglow doctor`, as commander parses them. */
export interface DoctorOptions {
  readonly json: boolean;
}

/** `outglow doctor`. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("say what this machine has, and check that the engine computes what it should")
    .option("--json", "print one JSON object", false)
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import("./doctor.ts");
      await doctor(options);
    });
}
