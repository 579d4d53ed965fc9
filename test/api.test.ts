/**
 * What the package promises: the names and types of its doors, as the compiler writes them. A change of them is written down knowingly, by
 * `npx vitest run test/api.test.ts -u`, and its file is part of the change. Entries of single floors are without promise.
 */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { buildPages } from "./studio-pages.ts";

// The door for browsers is built with the studio's pages.
beforeAll(buildPages, 180_000);

const dist = new URL("../dist/", import.meta.url);
const doors = ["index", "client/index", "detector/portable", "web/index"];

const declaration = /^export (?:declare )?(?:async )?(?:abstract )?(?:function|interface|type|const|class) (\w+)/;
const beginning = /^(?:export|import|declare|interface|type|const|function|class|\/\*\*)/;

/** The statements of a file of declarations, without comments. */
function statementsOf(url: URL): readonly string[] {
  const text = readFileSync(url, "utf8").replaceAll(/\/\*\*?[\s\S]*?\*\//g, "");
  const statements: string[] = [];
  for (const line of text.split("\n")) {
    if (beginning.test(line) || statements.length === 0) statements.push(line);
    else statements[statements.length - 1] += `\n${line}`;
  }
  return statements.map((statement) => statement.replaceAll(/\s+/g, " ").trim()).filter((one) => one !== "");
}

/** What a name stands for in a file: its own declarations, or those of the file that it comes from. */
function meaningOf(url: URL, name: string): readonly string[] {
  const statements = statementsOf(url);
  const own = statements.filter((statement) => declaration.exec(statement)?.[1] === name);
  if (own.length > 0) return own;
  for (const statement of statements) {
    const [, list, target] = /^export (?:type )?\{(.*)\} from "(\..*)";$/.exec(statement) ?? [];
    const found = namesIn(list ?? "").find(({ exported }) => exported === name);
    if (found) return meaningOf(new URL(target!.replace(/\.(?:js|ts)$/, ".d.ts"), url), found.local);
  }
  return [];
}

function namesIn(list: string): { readonly local: string; readonly exported: string }[] {
  return list
    .split(",")
    .map((part) => part.trim().replace(/^type /, ""))
    .filter((part) => part !== "")
    .map((part) => {
      const [local, exported = local] = part.split(" as ");
      return { local: local!, exported: exported! };
    });
}

test.each(doors)("%s offers what is written down", async (door) => {
  const url = new URL(`${door}.d.ts`, dist);
  const names = statementsOf(url).flatMap((statement) => {
    const list = /^export (?:type )?\{(.*)\} from /.exec(statement)?.[1];
    return list ? namesIn(list).map(({ exported }) => exported) : (declaration.exec(statement)?.[1] ?? []);
  });
  expect(new Set(names).size).toBe(names.length);
  const lines = names.sort().map((name) => {
    const meaning = meaningOf(url, name);
    expect(meaning, name).not.toEqual([]);
    return meaning.join("\n");
  });
  await expect(`${lines.join("\n\n")}\n`).toMatchFileSnapshot(`fixtures/api/${door.replaceAll("/", "-")}.txt`);
});
