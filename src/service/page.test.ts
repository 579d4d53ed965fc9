/** The page: everything that the description says, structured for readers of every kind, and nothing that runs or loads. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Described } from "./described.ts";
import { openApiDocument } from "./openapi.ts";
import { describingPage, pagePolicy } from "./page.ts";

const document = openApiDocument() as Described;
const page = describingPage(document, "http://127.0.0.1:8431");
const matches = (pattern: RegExp): string[] => Array.from(page.matchAll(pattern), ([, found]) => found!);

test("names every route, with its settings, once", () => {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  expect(operations.length).toBeGreaterThan(18);
  expect(matches(/<article id="(\w+)"/g).sort()).toEqual(operations.map(({ operationId }) => operationId).sort());
  for (const { summary, operationId } of operations) {
    expect(page, operationId).toContain(`<p>${summary.replaceAll("'", "&#39;")}.</p>`);
    expect(page, operationId).toContain(`href="#${operationId}"`);
  }
  expect(page).toContain(
    '<code>falseAlarm</code> <span class="type">number above 0 and below 1, query, optional, otherwise 0.01',
  );
  expect(page).toContain("<code>If-Match</code>");
  expect(page).toContain('<span class="type">number or null</span>');
});

test("runs and loads nothing, by itself and by its policy", () => {
  expect(page).not.toMatch(/<script|<img|<link|<iframe|\son\w+=|\sstyle=|url\(|@import/i);
  expect(matches(/href="([^"#]+)"/g)).toEqual(["/openapi.json"]);
  const [style] = matches(/<style>([\s\S]*?)<\/style>/g);
  expect(pagePolicy).toContain(`'sha256-${createHash("sha256").update(style!).digest("base64")}'`);
});

test("has a language, one title, headings that skip no level, labels that are there, and no name twice", () => {
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(matches(/<(h1)>/g)).toHaveLength(1);
  const levels = matches(/<h([1-6])/g).map(Number);
  for (const [index, level] of levels.slice(1).entries()) expect(level - levels[index]!).toBeLessThanOrEqual(1);
  const ids = matches(/\sid="([^"]+)"/g);
  expect(new Set(ids).size).toBe(ids.length);
  const referred = [...matches(/aria-labelledby="([^"]+)"/g), ...matches(/href="#([^"]+)"/g)];
  for (const id of referred) expect(ids, id).toContain(id);
  for (const tag of ["dl", "dd", "section", "article", "details", "ul", "p", "code"]) {
    expect(matches(new RegExp(`<(${tag})[ >]`, "g")).length, tag).toBe(matches(new RegExp(`</(${tag})>`, "g")).length);
  }
});

test("takes nothing that a caller writes for more than text", () => {
  expect(describingPage(document, 'http://a"><script>alert(1)</script>')).not.toContain("<script");
});
