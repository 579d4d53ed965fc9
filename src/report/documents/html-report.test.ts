/** Tests of the page: escaped text, unique ids, pictures inside, tables as they were. */
import { expect, test } from "vitest";
import { renderHtmlReport, tableOf } from "./html-report.ts";

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><clipPath id="a"/><path clip-path="url(#a)"/></svg>';
const nasty = `<script>alert("x")</script> & 'quotes'`;
const page = renderHtmlReport({
  title: nasty,
  introduction: [nasty],
  sections: [
    {
      heading: nasty,
      text: [nasty],
      tables: [
        tableOf(
          [
            { set: nasty, bits: 1.23456 },
            { set: "b", bits: undefined },
          ],
          [
            { heading: "set", value: ({ set }) => set },
            { heading: "bits/dim", value: ({ bits }) => bits, digits: 2 },
          ],
          nasty,
        ),
      ],
      figures: [
        { image: { svg }, caption: nasty, alt: nasty },
        { image: { svg }, caption: "again", alt: "again" },
        { image: { png: Uint8Array.of(1, 2, 3) }, caption: nasty, alt: nasty },
      ],
    },
    { heading: "Second" },
  ],
  commands: [nasty],
  footer: nasty,
});

test("no text becomes markup", () => {
  expect(page).not.toContain("<script");
  expect(page.match(/&#60;script&#62;/g)!.length).toBeGreaterThanOrEqual(9);
});

test("ids are unique and every reference leads to one", () => {
  const ids = Array.from(page.matchAll(/\sid="([^"]+)"/g), ([, id]) => id!);
  expect(new Set(ids).size).toBe(ids.length);
  const targets = Array.from(page.matchAll(/(?:url\(#|href="#|labelledby=")([^")]+)/g), ([, id]) => id!);
  expect(targets.length).toBe(2 + 2 + 2);
  expect(ids).toEqual(expect.arrayContaining(targets));
});

test("pictures are inside, each with a text in its place", () => {
  expect(page.match(/<svg role="img" aria-label="[^"]+"/g)).toHaveLength(2);
  expect(page).toContain('<img src="data:image/png;base64,AQID" alt="&#60;script');
  expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
});

test("numbers are rounded and stand at the right", () => {
  expect(page).toContain('<td class="number">1.23</td>');
  expect(page).toContain('<td class="number"></td>');
  expect(page).toContain('<th scope="row">b</th>');
});
