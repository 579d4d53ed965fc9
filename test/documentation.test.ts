/** The guides: every command in them is one that there is, every link leads somewhere, and the first detector comes out as its page says. */
import { readdirSync, readFileSync } from "node:fs";
import { access, cp, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommanderError } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandMakers } from "../src/cli/commands.ts";
import { writeQuickstartParts } from "../src/experiments/index.ts";
import { runOutglow, temporaryFolder } from "./command.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const guides = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => join("docs", name));
const pages = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "examples/README.md", ...guides];
const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

/** Fenced blocks of a language; the first line of a fence has nothing but that. */
function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , block]) => block!);
}

const withoutBlocks = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, "");

/** Words of the simple commands in a shell's text: quotes, continued lines, remarks and what stands between commands. */
function commandsOf(block: string): string[][] {
  const commands: string[][] = [];
  for (const line of block.replaceAll("\\\n", " ").split("\n")) {
    let words: string[] = [];
    for (const [token, , single, double] of line.matchAll(/&&|[;|]|(?:'([^']*)'|"([^"]*)"|[^\s'";|&])+|#.*/g)) {
      if (token.startsWith("#")) break;
      if (/^(&&|[;|])$/.test(token)) {
        commands.push(words);
        words = [];
      } else {
        words.push(single ?? double ?? token.replace(/['"]/g, ""));
      }
    }
    commands.push(words);
  }
  return commands.filter(({ length }) => length > 0);
}

/** Arguments of what is typed to run Outglow, or nothing where a command is another program's. */
function argumentsOf(words: readonly string[]): readonly string[] | undefined {
  const [program, script, ...rest] = words;
  if (program === "outglow") return words.slice(1);
  if (program === "node" && script === "dist/cli/main.js") return rest;
  if (program === "npx" && script === "outglow") return rest;
  if (program === "npm" && script === "run" && rest[0] === "quickstart") return ["quickstart", ...rest.slice(2)];
  return undefined;
}

/** What is wrong with a command, without running it: its name and its options, and their values unless it stands in a sentence, which may leave them out. */
async function objectionTo(words: readonly string[], sentence: boolean): Promise<string | undefined> {
  const [name = "", ...args] = words;
  const make = Object.entries(commandMakers).find(([known]) => known === name)?.[1];
  if (!make) return `there is no command '${name}'`;
  const outer = await make();
  const inner = outer.commands.find((command) => command.name() === args[0]);
  const command = (inner ?? outer).exitOverride().configureOutput({ writeErr: () => undefined });
  try {
    const separate = args.slice(inner ? 1 : 0).flatMap((word) => word.match(/^(--[a-z-]+)=(.*)$/s)?.slice(1) ?? [word]);
    const { unknown } = command.parseOptions(separate);
    return unknown.length > 0 ? `it does not know ${unknown.join(" ")}` : undefined;
  } catch (error) {
    const { code, message } = error as CommanderError;
    const aboutValue = code === "commander.invalidArgument" || code === "commander.optionMissingArgument";
    return sentence && aboutValue ? undefined : message;
  }
}

test("commands are taken apart as a shell does", () => {
  const block = "outglow train --normal 'a b' \\\n  --size 16 # remark\na#b && outglow scores x | head; cd \"c d\"\n";
  expect(commandsOf(block)).toEqual([
    ["outglow", "train", "--normal", "a b", "--size", "16"],
    ["a#b"],
    ["outglow", "scores", "x"],
    ["head"],
    ["cd", "c d"],
  ]);
});

test.each(pages)("every command in %s is one that there is", async (page) => {
  const text = textOf(page);
  const inline = [...withoutBlocks(text).matchAll(/`(outglow [a-z][^`]*)`/g)].map(([, code]) => code!);
  const objections: string[] = [];
  for (const [blocks, sentence] of [[blocksOf(text, "sh"), false] as const, [inline, true] as const]) {
    for (const words of blocks.flatMap((block) => commandsOf(block.replace(/ \.\.\.(?=\s|$)/g, "")))) {
      const args = argumentsOf(words);
      const objection = args && (await objectionTo(args, sentence));
      if (objection !== undefined) objections.push(`${words.join(" ")}: ${objection}`);
    }
  }
  expect(objections).toEqual([]);
});

/** Addresses of headings, as GitHub and TypeDoc make them. */
function anchorsOf(text: string): Set<string> {
  const headings = [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
  return new Set(headings);
}

test.each(pages)("every link in %s leads to a file and a heading that there are", async (page) => {
  const links = [...withoutBlocks(textOf(page)).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  const lost: string[] = [];
  for (const [link, path, anchor] of links) {
    const target = path === "" ? page : join(dirname(page), path!);
    const there = await access(join(root, target)).then(
      () => true,
      () => false,
    );
    if (!there || (anchor !== undefined && !anchorsOf(textOf(target)).has(anchor))) lost.push(link);
  }
  expect(lost).toEqual([]);
});

const folder = { path: "", dispose: async (): Promise<void> => undefined };
beforeAll(async () => {
  Object.assign(folder, await temporaryFolder());
});
afterAll(() => folder.dispose());

/** A training that takes a second: models of this size instead of the time that the page names. */
const little = [
  "--size=16",
  "--scales=2",
  "--depth=2",
  "--width=8",
  "--batch=16",
  "--steps=20",
  "--threads=1",
  "--quiet",
];

test("the first detector comes out as its page says", { timeout: 180_000 }, async () => {
  const ran: string[] = [];
  for (const words of blocksOf(textOf("docs/first-detector.md"), "sh").flatMap(commandsOf)) {
    const [program, ...rest] = words;
    if (program === "cp") await cp(resolve(folder.path, rest[1]!), resolve(folder.path, rest[2]!), { recursive: true });
    if (program !== "outglow") continue;
    const [verb, ...args] = rest;
    ran.push(verb!);
    // The images of the quickstart without its training, which has tests of its own.
    if (verb === "quickstart") await writeSomeParts(join(folder.path, "try", "parts"));
    else if (verb === "train") expect(await run("train", ...shortened(args))).toBe("");
    else expect(await run(verb!, ...args)).toBe("");
  }
  expect(ran).toEqual(["quickstart", "data", "train", "train", "predict", "evaluate", "calibrate"]);
  const named = ["scores.csv", "most-anomalous.png", "maps", "report.html", "findings", "other/detector.json"];
  for (const name of named) await access(join(folder.path, name));
});

/** Parts of the quickstart, but fewer: 12 to learn from and 4 of every kind to judge. */
async function writeSomeParts(parts: string): Promise<void> {
  await writeQuickstartParts(parts, 0);
  for (const place of ["train/good", "test/good", "test/scratch", "test/dent"]) {
    const names = readdirSync(join(parts, place)).sort();
    const surplus = names.slice(place.startsWith("train") ? 12 : 4);
    await Promise.all(surplus.map((name) => rm(join(parts, place, name))));
  }
}

/** What a command complains of; nothing where it does what it should. */
async function run(...args: readonly string[]): Promise<string> {
  const { code, stderr } = await runOutglow(folder.path, ...args);
  return code === 0 ? "" : `outglow ${args.join(" ")}: ${stderr}`;
}

function shortened(args: readonly string[]): string[] {
  const time = args.indexOf("--time");
  const rest = args.filter((_, index) => index !== time && index !== time + 1);
  const general = args.includes("--general") ? ["--general-steps=20"] : [];
  const faults = args.includes("--faults") ? ["--fault-steps=2"] : [];
  return [...rest.map((word) => (word === "builtin" ? "builtin#limit=60" : word)), ...general, ...faults, ...little];
}
