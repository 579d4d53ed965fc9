/** Completions and the manual page: every command and option is in them, and bash agrees. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allCommands } from "../src/cli/commands.ts";
import { completionText } from "../src/cli/completion.ts";
import { otherPlatforms, removePlatforms } from "../src/runtime/index.ts";

test.each(["bash", "zsh", "fish", "man"] as const)("every command and option is in that of %s", async (kind) => {
  const commands = await allCommands();
  const text = completionText(kind, commands);
  for (const command of commands) {
    expect(text).toContain(command.name());
    for (const one of [command, ...command.commands]) {
      for (const { long } of one.options) {
        expect(text).toContain(
          kind === "fish" ? ` -l ${long!.slice(2)} ` : kind === "man" ? long!.replaceAll("-", "\\-") : long,
        );
      }
    }
  }
});

test("bash completes commands, their options and those of a group", async () => {
  const text = completionText("bash", await allCommands());
  const completed = (...words: string[]): string[] => {
    const script = `${text}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _outglow; echo "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", script, "bash", ...words], { encoding: "utf8" })
      .trim()
      .split(" ");
  };
  expect(completed("outglow", "ex")).toEqual(["export"]);
  expect(completed("outglow", "export", "detector", "--la")).toEqual(["--latents", "--layout"]);
  expect(completed("outglow", "data", "in")).toEqual(["info"]);
  expect(completed("outglow", "data", "info", "--fail")).toEqual(["--fail-on"]);
});

test("libraries of other platforms are listed, and removed without those of this one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "outglow-test-"));
  const own = join(folder, platform(), arch());
  for (const path of [own, join(folder, "plan9", "mips")]) {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "engine.so"), new Uint8Array(100));
  }
  const others = await otherPlatforms(folder);
  expect(others).toEqual([{ platform: "plan9/mips", path: join(folder, "plan9", "mips"), bytes: 100 }]);
  await removePlatforms(others);
  expect(await otherPlatforms(folder)).toEqual([]);
  expect(execFileSync("ls", [own], { encoding: "utf8" })).toBe("engine.so\n");
  expect(await otherPlatforms(join(folder, "none"))).toEqual([]);
  await rm(folder, { recursive: true });
});
