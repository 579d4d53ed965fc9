/** What stores write is read, and nothing else. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseXml } from "./xml.ts";

const seed = 20240607;

test(`XML is read as far as stores write it (seed ${seed})`, () => {
  expect(parseXml('<?xml version="1.0"?><!-- a --><s:a x="1"><b>1 &lt; &#x32;</b><b/></s:a>\n')).toEqual({
    name: "a",
    text: "",
    children: [
      { name: "b", text: "1 < 2", children: [] },
      { name: "b", text: "", children: [] },
    ],
  });
  for (const wrong of [
    "",
    "a",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a>&b;</a>",
    "<a>&#x110000;</a>",
    "<a><![CDATA[b]]></a>",
    "<a b></a>",
    "<a>".repeat(9) + "</a>".repeat(9),
  ]) {
    expect(parseXml(wrong), wrong).toBeUndefined();
  }
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("<", ">", "/", "a", "&", ";", "lt", '"', " ", "=", "!", "-", "?") }),
      (any) => {
        parseXml(any);
      },
    ),
    { seed },
  );
});
