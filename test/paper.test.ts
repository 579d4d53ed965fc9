/** The paper's page without a page: key terms against a sum by hand, files of papers, and the one that is shipped. */
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyTerms, termsOf } from "../web/paper/key-terms.ts";
import { layOutNetwork } from "../web/paper/network-layout.ts";
import { parsePaper } from "../web/paper/paper-format.ts";
import { matches, noFilter, sorted } from "../web/paper/works-filter.ts";

test("terms are words and pairs, across hyphens and spaces but not across other signs or function words", () => {
  expect(termsOf("High-level features, not the low-level ones: GANs & 3 VAEs")).toEqual([
    ...["high", "high level", "level", "level features", "features"],
    ...["low", "low level", "level", "level ones", "ones", "gans", "vaes"],
  ]);
});

test("weights are those of a sum by hand", () => {
  // Against two titles: flow comes twice and is in both, image once and in one.
  const [flow, image] = [2 * (1 + Math.log(3 / 3)), 1 + Math.log(3 / 2)];
  const length = Math.hypot(flow, image);
  expect(keyTerms("flow. image. flow.", ["a flow of flow", "image; flow"], 5)).toEqual([
    { term: "flow", weight: expect.closeTo(flow / length, 12) },
    { term: "image", weight: expect.closeTo(image / length, 12) },
  ]);
  expect(keyTerms("", ["flow"], 5)).toEqual([]);
});

test("squares of all weights add up to 1, whatever the text", () => {
  const words = fc.array(fc.constantFrom("flow", "image", "anomaly", "scale", "the", "deep", "."), { minLength: 1 });
  fc.assert(
    fc.property(words, fc.array(words), (text, titles) => {
      const terms = keyTerms(
        text.join(" "),
        titles.map((title) => title.join(" ")),
        Number.POSITIVE_INFINITY,
      );
      const sum = terms.reduce((all, { weight }) => all + weight ** 2, 0);
      expect(sum).toBeCloseTo(terms.length === 0 ? 0 : 1, 9);
    }),
    { seed: 15, numRuns: 50 },
  );
});

const least = { kind: "outglow paper", version: 1, title: "A paper", works: [] };

describe("a paper's file", () => {
  test("has defaults for all but title and works", () => {
    const abstract = "Flows of flows.";
    const works = [{ title: "Of images", relation: "cited" }];
    const paper = parsePaper({ ...least, abstract, works });
    expect(paper.works).toEqual([
      {
        ...{ title: "Of images", authors: [], year: null, relation: "cited", implemented: "no", how: "" },
        link: "https://www.semanticscholar.org/search?q=Of%20images",
      },
    ]);
    expect(paper.terms).toEqual([{ term: "flows", weight: 1 }]);
    expect(paper).toMatchObject({ authors: [], year: null, venue: "", identifiers: {}, links: [], summary: [] });
  });

  test.each<[string, object, string]>([
    ["another file", { kind: "outglow detector" }, "kind: expected 'outglow paper', got \"outglow detector\""],
    ["a later version", { version: 2 }, "version: expected 1, got 2"],
    ["no title", { title: "" }, 'title: expected a text, got ""'],
    ["no works", { works: undefined }, "works: expected a list, got nothing"],
    [
      "a link that is a script",
      { links: [{ label: "Read", href: "javascript:alert(1)" }] },
      "links[0].href: expected an address of https or http",
    ],
    [
      "a link that holds a page",
      { links: [{ label: "Read", href: "data:text/html,<script>" }] },
      "links[0].href: expected",
    ],
    [
      "a work's link that is a script",
      { works: [{ title: "A", relation: "citing", link: " JAVASCRIPT:alert(1)" }] },
      "works[0].link: expected",
    ],
    [
      "a relation of another kind",
      { works: [{ title: "A", relation: "__proto__" }] },
      "works[0].relation: expected citing or cited",
    ],
    [
      "a year that is none",
      { works: [{ title: "A", relation: "citing", year: "2020" }] },
      "works[0].year: expected a year or null",
    ],
    ["a weight beyond 1", { terms: [{ term: "flow", weight: 2 }] }, "terms[0].weight: expected a number from 0 to 1"],
    ["more works than a page shows", { works: Array(5001).fill({}) }, "works: expected at most 5000, got 5001"],
    ["a text without end", { title: "a".repeat(20_001) }, "title: expected at most 20000 letters"],
  ])("%s is refused by the name of its field", (_, changes, message) => {
    expect(() => parsePaper({ ...least, ...changes })).toThrow(`paper file: ${message}`);
  });
});

test("the network comes out the same every time, sides apart, nobody on top of another", () => {
  const works = Array.from({ length: 60 }, (_, at) => ({
    ...{
      title: `Work ${at}`,
      relation: at % 3 === 0 ? "cited" : "citing",
      year: at % 7 === 0 ? null : 2000 + (at % 20),
    },
  }));
  const paper = parsePaper({ ...least, works });
  const [one, other] = [layOutNetwork(paper.works), layOutNetwork(paper.works)];
  const places = (layout: typeof one): number[][] => layout.nodes.map(({ x, y }) => [x, y]);
  expect(places(one)).toEqual(places(other));
  const mean = (relation: string): number => {
    const xs = one.nodes.flatMap(({ work, x }) => (work?.relation === relation ? [x] : []));
    return xs.reduce((sum, x) => sum + x, 0) / xs.length;
  };
  expect(mean("citing")).toBeGreaterThan(mean("cited") + 50);
  for (const [at, a] of one.nodes.entries()) {
    for (const b of one.nodes.slice(at + 1))
      expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(a.radius + b.radius);
  }
  one.hold(one.nodes[3]!, 500, -400);
  expect(one.nodes[3]).toMatchObject({ x: 500, y: -400 });
  expect(layOutNetwork([]).nodes).toHaveLength(1);
});

test("works are found by words without accents, by years, and sorted with the unknown last", () => {
  const works = parsePaper({
    ...least,
    works: [
      { title: "Flows", authors: ["Z. Müller"], year: 2020, relation: "citing", implemented: "partly" },
      { title: "Images", authors: [], relation: "cited" },
      { title: "anomalies", authors: ["A. Bee"], year: 2018, relation: "cited", implemented: "yes" },
    ],
  }).works;
  const found = (filter: object): string[] =>
    works.filter((work) => matches(work, { ...noFilter, ...filter })).map(({ title }) => title);
  expect(found({})).toHaveLength(3);
  expect(found({ search: "muller FLOW" })).toEqual(["Flows"]);
  expect(found({ from: 2019 })).toEqual(["Flows"]);
  expect(found({ to: 2019, relation: "cited" })).toEqual(["anomalies"]);
  expect(found({ implemented: "no" })).toEqual(["Images"]);
  const order = (key: "year" | "title" | "authors" | "implemented", descending = false): string[] =>
    sorted(works, { key, descending }).map(({ title }) => title[0]!);
  expect(order("year")).toEqual(["a", "F", "I"]);
  expect(order("year", true)).toEqual(["F", "a", "I"]);
  expect(order("title")).toEqual(["a", "F", "I"]);
  expect(order("authors", true)).toEqual(["F", "a", "I"]);
  expect(order("implemented")).toEqual(["a", "F", "I"]);
});

const given = new URL("../../shared/paper/paper.json", import.meta.url);
const there = existsSync(given);
if (!there) process.stdout.write("the shipped key terms are not compared: there is no ../shared/paper/paper.json\n");

describe.skipIf(!there)("of the paper", () => {
  test("the shipped terms are those of its abstract, and its works are those given", () => {
    const { abstract, related } = JSON.parse(readFileSync(given, "utf8")) as {
      abstract: string;
      related: readonly { title: string; year: number | null; relation: string; authors: readonly string[] }[];
    };
    const text = readFileSync(new URL("../web/paper/paper.json", import.meta.url), "utf8");
    const paper = parsePaper(JSON.parse(text));
    const expected = keyTerms(
      abstract,
      related.map(({ title }) => title),
      paper.terms.length,
    );
    expect(paper.terms.map(({ term }) => term)).toEqual(expected.map(({ term }) => term));
    for (const [at, { weight }] of expected.entries()) expect(paper.terms[at]!.weight).toBeCloseTo(weight, 3);
    expect(paper.works.map(({ title, year, relation, authors }) => ({ title, year, relation, authors }))).toEqual(
      related.map(({ title, year, relation, authors }) => ({ title, year: year ?? null, relation, authors })),
    );
    // The abstract is its authors': no sentence of it is reprinted.
    for (const sentence of abstract.split(/[.:;]\s/)) if (sentence.length > 30) expect(text).not.toContain(sentence);
  });
});
