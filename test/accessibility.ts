/** What a page keeps from people who cannot see it or use a mouse, by the rules of axe-core. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const rules = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Every finding as `rule: what is wrong (how many places, the first of them)`; none is expected. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  // Evaluated, not added as a script: a page's own policy refuses those of others.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(await readFile(rules, "utf8"));
  // What is in order is counted, but not described at length.
  const { violations } = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as {
    violations: { id: string; help: string; nodes: { html: string }[] }[];
  };
  return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.length}, ${nodes[0]!.html.slice(0, 200)})`);
}
