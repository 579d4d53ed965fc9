/** Tests of the page about decisions as text: counts and sentences, escaping, its policy and its size. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { checkCalibration } from "./calibration-check.ts";
import { binDecisions, placeOf } from "./decision-bins.ts";
import { renderDecisionReport } from "./decision-report.ts";
import { describeStop, showCount, showScore, showShare } from "./decision-words.ts";
import { exampleDecisions, nastyName } from "./example-decisions.ts";

const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47);
const example = exampleDecisions(png, png);
const page = renderDecisionReport(example);

describe("bins and stops", () => {
  const bins = binDecisions(
    [
      { name: "a", kind: "normal", scores: [1, 2, 3, 4] },
      { name: "b", kind: "unlabelled", scores: [3, Number.POSITIVE_INFINITY] },
    ],
    2.5,
    { count: 4, scores: [1, 2, 3] },
  );

  test("begin with all marked, end with none, and hold the threshold that decided", () => {
    expect(bins.stops[0]!.above).toEqual([4, 2]);
    expect(bins.stops.at(-1)).toEqual({ score: undefined, place: 1, above: [0, 0], falseAlarm: 0 });
    expect(bins.stops[bins.initial]).toMatchObject({ score: 2.5, above: [2, 2], falseAlarm: 0.6 });
  });

  test("count exactly at every stop", () => {
    for (const { score, above } of bins.stops.slice(0, -1)) {
      expect(above).toEqual([[1, 2, 3, 4].filter((value) => value > score!).length, score! < 3 ? 2 : 1]);
    }
  });

  test("stand in order, within the histogram", () => {
    const places = bins.stops.map(({ place }) => place);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(placeOf(Number.POSITIVE_INFINITY, bins.edges)).toBe(1);
    expect(placeOf(-1e9, bins.edges)).toBe(0);
  });

  test("without a threshold nothing is marked at first; without images there is a page, too", () => {
    expect(
      binDecisions([{ name: "a", kind: "unlabelled", scores: [1, 2] }], undefined).stops.at(-1)!.score,
    ).toBeUndefined();
    const { reference: _, ...rest } = example;
    const empty = renderDecisionReport({ ...rest, sets: [{ name: "a", kind: "unlabelled", scores: [] }], scales: [] });
    expect(empty).toContain("No images.");
    expect(renderDecisionReport({ ...example, threshold: undefined })).toContain("0 of 1,600 images marked");
  });
});

describe("words", () => {
  test("are those of a person", () => {
    const bins = binDecisions(
      [{ name: "a", kind: "unlabelled", scores: Array.from({ length: 1600 }, (_, index) => index) }],
      1562,
      { count: 99, scores: Array.from({ length: 99 }, (_, index) => index) },
    );
    expect(describeStop(bins.stops[bins.initial]!, bins)).toBe(
      "37 of 1,600 images marked; expect about 16 false alarms",
    );
  });

  test("say what chance does not explain", () => {
    const said = (marked: number, references: number): string => {
      const bins = binDecisions(
        [{ name: "a", kind: "normal", scores: Array.from({ length: 200 }, (_, index) => (index < marked ? 1e6 : 0)) }],
        0.99 * references,
        { count: references, scores: Array.from({ length: references }, (_, index) => index) },
      );
      return describeStop(bins.stops[bins.initial]!, bins);
    };
    expect(said(6, 999)).toBe("6 of 200 normal images marked (3.0 %)");
    expect(said(9, 999)).toBe(
      "9 of 200 normal images marked (4.5 %, more than chance explains where 1.0 % is promised)",
    );
    // A threshold set by 99 images may have a rate of its own.
    expect(said(9, 99)).toBe("9 of 200 normal images marked (4.5 %)");
  });

  test("and numbers are short", () => {
    expect([0, 999, 1000, 1234567].map(showCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([0, 0.0004, 0.01, 1].map(showShare)).toEqual(["0.0 %", "0.04 %", "1.0 %", "100.0 %"]);
    expect([undefined, 0.12345, -12.345, 123.45, 12345.6].map(showScore)).toEqual([
      "none",
      "0.1235",
      "-12.35",
      "123.5",
      "12346",
    ]);
  });
});

describe("the page", () => {
  test("counts what the threshold marks", () => {
    const marked = (index: number): number =>
      Array.from(example.sets[index]!.scores).filter((score) => score > example.threshold!).length;
    expect(page).toContain(`<td class="number" id="marked-0">${marked(0)}</td>`);
    expect(page).toContain(`<td class="number" id="marked-1">${marked(1)}</td>`);
    expect(page).toContain(`${marked(2)} of 1,600 images marked; expect about 16 false alarms`);
  });

  test("takes no text for markup", () => {
    expect(page).not.toContain(nastyName);
    expect(page.match(/<script\b/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toMatch(/\sstyle=|\son[a-z]+=/);
  });

  test("allows its own script and style by hash, and no connection", () => {
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)![1]!;
    const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    expect(policy).toContain(`script-src ${hashOf(/<script>([\s\S]*?)<\/script>/.exec(page)![1]!)};`);
    expect(policy).toContain(`style-src ${hashOf(/<style>([\s\S]*?)<\/style>/.exec(page)![1]!)};`);
    expect(policy).toContain("default-src 'none'");
    expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
  });

  test("has unique ids, and every label leads to one", () => {
    const ids = Array.from(page.matchAll(/\sid="([^"]+)"/g), ([, id]) => id!);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/labelledby="([^"]+)"/g)) expect(ids).toContain(id);
  });

  test("shows 24 of 30 images of a gallery and says so", () => {
    expect(page.match(/<li data-score/g)).toHaveLength(25);
    expect(page).toContain("6 more not shown");
  });

  test("stays small on 100,000 images with the largest pictures", () => {
    const scores = Float64Array.from({ length: 100_000 }, (_, index) => Math.sin(index) * 50);
    const picture = new Uint8Array(60_000);
    const gallery = {
      heading: "many",
      images: Array.from({ length: 24 }, () => ({ name: "x", score: 1, thumbnail: picture })),
    };
    const large = renderDecisionReport({
      ...example,
      sets: example.sets.map((set) => ({ ...set, scores })),
      galleries: [gallery, gallery, gallery],
    });
    expect(large.length).toBeLessThan(5_000_000);
    expect(large).toContain("more not shown");
  });
});

describe("the calibration check", () => {
  const reference = { count: 199, scores: Array.from({ length: 199 }, (_, index) => index) };

  test("passes images like those of the calibration", () => {
    const scores = Array.from({ length: 100 }, (_, index) => 2 * index);
    const { passed, text } = checkCalibration({ name: "good", kind: "normal", scores }, reference);
    expect(passed).toBe(true);
    expect(text).toContain("no sign that they differ");
  });

  test("warns of images that score higher, or lower", () => {
    const scores = Array.from({ length: 100 }, (_, index) => 100 + index);
    const high = checkCalibration({ name: "good", kind: "normal", scores }, reference);
    expect(high.passed).toBe(false);
    expect(high.text).toContain("score higher");
    expect(high.svg).toContain('class="bar off"');
    const low = checkCalibration(
      { name: "good", kind: "normal", scores: scores.map((score) => score - 100) },
      reference,
    );
    expect(low.text).toContain("score lower");
  });
});
