/** What a person types after `outglow completion`. */
import { Argument, Command } from "commander";
import type { CompletionKind } from "./completion.ts";

/** `outglow completion`, given what makes all commands, itself among them. */
export function completionCommand(all: () => Promise<readonly Command[]>): Command {
  return new Command("completion")
    .description("print what completes commands and options in a shell, or the manual page")
    .addArgument(new Argument("<shell>", "the shell, or man").choices(["bash", "zsh", "fish", "man"]))
    .addHelpText(
      "after",
      [
        "",
        "bash: outglow completion bash > ~/.local/share/bash-completion/completions/outglow",
        "zsh:  outglow completion zsh > ~/.zfunc/_outglow, with that folder in fpath",
        "fish: outglow completion fish > ~/.config/fish/completions/outglow.fish",
        "man:  outglow completion man | man -l -",
      ].join("\n"),
    )
    .action(async (shell: CompletionKind) => {
      const { completion } = await import("./completion.ts");
      completion(shell, await all());
    });
}
