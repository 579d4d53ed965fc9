/** What a person types after `outglow verify`. */
import { Command } from "commander";
import { plainDeviceOption, wholeNumber } from "./options.ts";
import type { VerifyOptions } from "./verify.ts";

/** `outglow verify`. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("check that a detector gives here what it gave where it was written, on every device")
    .argument("<detector>", "folder that outglow train made")
    .addOption(plainDeviceOption("on this one alone: cpu, webgpu or cuda (default: all that work here)"))
    .option("--threads <n>", "threads of the engine (default: all cores)", wholeNumber(1))
    .option("--json", "print one JSON object on stdout", false)
    .action(async (detector: string, options: VerifyOptions) => {
      const { verify } = await import("./verify.ts");
      await verify(detector, options);
    });
}
