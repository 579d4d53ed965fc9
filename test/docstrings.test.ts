/** Every exported function and type says what it is: one pass over the sources counts those that do not. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../src/", import.meta.url);
const declared = /^export (?:declare )?(?:async )?(?:abstract )?(?:function\*?|interface|type|class) (\w+)/;

test("no exported function or type lacks a docstring", () => {
  const missing = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .flatMap((path) => {
      const lines = readFileSync(new URL(path, root), "utf8").split("\n");
      return lines.flatMap((line, index) => {
        const name = declared.exec(line)?.[1];
        return name === undefined || isDescribed(lines, index, name) ? [] : [`${path}: ${name}`];
      });
    });
  expect(missing).toEqual([]);
});

/** A docstring stands before it, before an overload of the same function, or before the constant of which it is the type. */
function isDescribed(lines: readonly string[], index: number, name: string): boolean {
  const before = lines[index - 1] ?? "";
  if (before.trimEnd().endsWith("*/")) return true;
  const overload = new RegExp(`^export (?:async )?function ${name}\\b`);
  if (lines.slice(0, index).some((line) => overload.test(line))) return true;
  const [, source] = /^export type \w+ = .*\btypeof (\w+)/.exec(lines[index]!) ?? [];
  const at = lines.findIndex((line) => new RegExp(`^(?:export )?const ${source}\\b`).test(line));
  return source !== undefined && at > 0 && lines[at - 1]!.trimEnd().endsWith("*/");
}
