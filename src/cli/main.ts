#!/usr/bin/env node
/** The outglow command: finds the verb, turns errors into one line and an exit code. */
import { Command, CommanderError } from "commander";
import { ConfigError, isUserError } from "../base/index.ts";
import { packageVersion } from "../detector/version.ts";
import { analyzeCommand } from "./analyze-command.ts";
import { benchmarkCommand } from "./benchmark-command.ts";
import { doctorCommand } from "./doctor-command.ts";
import { evaluateCommand } from "./evaluate-command.ts";
import { exitCodes } from "./exit-codes.ts";
import { predictCommand } from "./predict-command.ts";
import { quickstartCommand } from "./quickstart-command.ts";
import { reproduceCommand } from "./reproduce-command.ts";
import { sampleCommand } from "./sample-command.ts";
import { trainCommand } from "./train-command.ts";

const program = new Command("outglow")
  .description("Finds the images that don't belong: normalizing flows trained on your normal images.")
  .version(packageVersion())
  .showSuggestionAfterError()
  .configureHelp({ sortSubcommands: false })
  .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C or SIGTERM.");

for (const makeCommand of [
  trainCommand,
  predictCommand,
  evaluateCommand,
  analyzeCommand,
  sampleCommand,
  benchmarkCommand,
  doctorCommand,
  quickstartCommand,
  reproduceCommand,
]) {
  const command = makeCommand().exitOverride();
  command.showSuggestionAfterError();
  program.addCommand(command);
}
program.exitOverride();

// A reader that has seen enough, such as head, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await program.parseAsync(process.argv.flatMap(splitValue));
} catch (error) {
  process.exitCode = report(error);
}

/** `--flag=value` as two arguments: commander then names the nearest flag for a mistyped one. */
function splitValue(argument: string): string[] {
  const match = /^(--[a-z][a-z-]*)=(.*)$/s.exec(argument);
  return match ? [match[1]!, match[2]!] : [argument];
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  if (!isUserError(error)) {
    process.stderr.write(
      `outglow: this is a defect, please report it\n${error instanceof Error ? error.stack : error}\n`,
    );
    return exitCodes.failure;
  }
  process.stderr.write(`outglow: ${error.message}\n`);
  return error instanceof ConfigError ? exitCodes.usage : exitCodes.failure;
}
