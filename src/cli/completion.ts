/** `outglow completion`: shells' completions and the manual page, made of the commands themselves, so that they never say anything else. */
import type { Command, Option } from "commander";
import { packageVersion } from "../detector/version.ts";
import { printText } from "./standard-output.ts";

/** What is printed: a completion for a shell, or the manual page. */
export type CompletionKind = "bash" | "zsh" | "fish" | "man";

/** A command as it is typed, with those beneath it. */
interface Entry {
  /** Words after `outglow`, such as `data info`. */
  readonly path: string;
  readonly command: Command;
  /** Names of commands beneath it. */
  readonly below: readonly string[];
}

/** Prints a completion or the manual page of these commands. */
export function completion(kind: CompletionKind, commands: readonly Command[]): void {
  printText(completionText(kind, commands));
}

/** What `completion` prints. */
export function completionText(kind: CompletionKind, commands: readonly Command[]): string {
  const entries = commands.flatMap((command) => [
    entryOf(command.name(), command),
    ...command.commands.map((inner) => entryOf(`${command.name()} ${inner.name()}`, inner)),
  ]);
  return renderers[kind](entries);
}

function entryOf(path: string, command: Command): Entry {
  return { path, command, below: command.commands.map((inner) => inner.name()) };
}

function optionsOf({ command }: Entry): readonly Option[] {
  return [...command.options.filter(({ hidden }) => !hidden), command.createOption("--help", "display help")];
}

const isTop = ({ path }: Entry): boolean => !path.includes(" ");

const renderers: { readonly [Kind in CompletionKind]: (entries: readonly Entry[]) => string } = {
  bash: (entries) => {
    const cases = entries.map((entry) => {
      const words = [...entry.below, ...optionsOf(entry).map(({ long }) => long!)];
      return `    ${quoted(entry.path)}) words=${quoted(words.join(" "))} ;;`;
    });
    const groups = entries.filter(({ below }) => below.length > 0).map(({ path }) => path);
    return `# bash completion of outglow
_outglow() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="\${COMP_WORDS[1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted(
      entries
        .filter(isTop)
        .map(({ path }) => path)
        .join(" "),
    )} -- "$current"))
    return
  fi
  case "$path" in ${groups.join("|") || "''"}) [ "$COMP_CWORD" -gt 2 ] && path="$path \${COMP_WORDS[2]}" ;; esac
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _outglow outglow
`;
  },
  zsh: (entries) => {
    const commands = entries
      .filter(isTop)
      .map(({ path, command }) => `    ${quoted(`${path}:${command.description()}`)}`);
    const cases = entries.map((entry) => {
      const flags = optionsOf(entry).map((option) => {
        const text = option.description.replaceAll(/[[\]\\:]/g, "\\$&");
        const value = option.required || option.optional ? ":value:_files" : "";
        return ` ${quoted(`${option.long}[${text}]${value}`)}`;
      });
      const words = entry.below.length > 0 ? ` '1:command:(${entry.below.join(" ")})'` : "";
      return `    ${quoted(entry.path)}) _arguments${words}${flags.join("")} '*:file:_files' ;;`;
    });
    const groups = entries.filter(({ below }) => below.length > 0).map(({ path }) => path);
    return `#compdef outglow
_outglow() {
  local -a commands
  commands=(
${commands.join("\n")}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  if (( CURRENT > 2 )) && [[ " ${groups.join(" ")} " == *" $command "* ]]; then
    command="$command $words[2]"
    shift words
    (( CURRENT-- ))
  fi
  case "$command" in
${cases.join("\n")}
  esac
}
compdef _outglow outglow
`;
  },
  fish: (entries) => {
    const lines = entries.flatMap((entry) => {
      const [first, second] = entry.path.split(" ");
      const where = second
        ? `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`
        : `__fish_seen_subcommand_from ${first}`;
      const beside = second ? `__fish_seen_subcommand_from ${first}` : "__fish_use_subcommand";
      return [
        `complete -c outglow -n ${quoted(beside)} -a ${second ?? first} -d ${quoted(entry.command.description())}`,
        ...optionsOf(entry).map(({ long, description, required, optional }) => {
          const value = required || optional ? " -r" : "";
          return `complete -c outglow -n ${quoted(where)} -l ${long!.slice(2)}${value} -d ${quoted(description)}`;
        }),
      ];
    });
    return `# fish completion of outglow\n${lines.join("\n")}\n`;
  },
  man: (entries) => {
    const sections = entries.map(({ path, command }) => {
      const options = command.options
        .filter(({ hidden }) => !hidden)
        .map((option) => `.TP\n.B ${roff(option.flags)}\n${roff(option.description)}`);
      const usage = `outglow ${path} ${command.usage()}`.trim();
      return [`.SS ${roff(usage)}`, roff(command.description()), ...options].join("\n");
    });
    return [
      `.TH OUTGLOW 1 "" "outglow ${packageVersion()}" "User Commands"`,
      ".SH NAME",
      "outglow \\- finds the images that don't belong",
      ".SH SYNOPSIS",
      ".B outglow",
      "COMMAND [OPTIONS]",
      ".SH DESCRIPTION",
      "Trains normalizing flows on a person's normal images and scores new ones, with a p-value for each.",
      "Data goes to standard output, progress to standard error.",
      ".SH COMMANDS",
      ...sections,
      ".SH EXIT STATUS",
      "0 done, 1 failed, 2 wrong usage, 3 something was found where a command was told to say so, 130 stopped by Ctrl-C or SIGTERM.",
      "",
    ].join("\n");
  },
};

/** A text as one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A text as roff has it: a line that begins with a dot or a quote would be a request. */
function roff(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");
}
