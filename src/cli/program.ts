/** Finds the verb that was typed and runs it; turns errors into one line and an exit code. */
import { Command, CommanderError } from "commander";
import { flagOf } from "../base/index.ts";
import { packageVersion } from "../detector/version.ts";
import { commandMakers } from "./commands.ts";
import { exitCodes } from "./exit-codes.ts";
import { printText } from "./standard-output.ts";

const program = new Command("outglow")
  .description("Finds the images that don't belong: normalizing flows trained on your normal images.")
  .version(packageVersion())
  .showSuggestionAfterError()
  .configureHelp({ sortSubcommands: false })
  .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C or SIGTERM.");

// The command that was typed is enough, and help is quicker without the others.
const typed = Object.entries(commandMakers).filter(([name]) => name === process.argv[2]);
const wanted = typed.length > 0 ? typed : Object.entries(commandMakers);
for (const command of await Promise.all(wanted.map(([, make]) => make()))) {
  program.addCommand(command);
  for (const one of [command, ...command.commands]) {
    one.exitOverride().showSuggestionAfterError().configureOutput({ writeOut: printText });
  }
}
program.exitOverride().configureOutput({ writeOut: printText });

try {
  await program.parseAsync(process.argv.flatMap(splitValue));
} catch (error) {
  const code = await report(error);
  // Help that was asked for is no failure, but a stdout that did not take it may have been one.
  if (code > 0) process.exitCode = code;
}

/** `--flag=value` as two arguments: commander then names the nearest flag for a mistyped one. */
function splitValue(argument: string): string[] {
  const match = /^(--[a-z][a-z-]*)=(.*)$/s.exec(argument);
  return match ? [match[1]!, match[2]!] : [argument];
}

async function report(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  const { ConfigError, describeFault, isUserError, writeSettings } = await import("../base/index.ts");
  if (!isUserError(error)) {
    process.stderr.write(
      `outglow: this is a defect, please report it\n${error instanceof Error ? error.stack : error}\n`,
    );
    return exitCodes.failure;
  }
  const line = error.fault ? describeFault(error.fault, flagOf) : writeSettings(error.message, flagOf);
  process.stderr.write(`outglow: ${line}\n`);
  return error instanceof ConfigError ? exitCodes.usage : exitCodes.failure;
}
