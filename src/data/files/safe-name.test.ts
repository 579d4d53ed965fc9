/** Tests of names from data as names of files. */
import { basename, join, resolve } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { propertySeed } from "../example-files.ts";
import { safeName } from "./safe-name.ts";

test.each([
  ["crack", "crack"],
  ["große Fehler (2)", "große Fehler (2)"],
  ["../../../../escaped0", "%2E.%2F..%2F..%2F..%2Fescaped0"],
  ["..", "%2E%2E"],
  [".", "%2E"],
  ["", "%"],
  ["a/b\\c", "a%2Fb%5Cc"],
  ["C:\\x", "C%3A%5Cx"],
  ["nul.txt", "%6Eul.txt"],
  ["50%", "50%25"],
  ["a\u0000b\n", "a%00b%0A"],
  ["trailing. ", "trailing.%20"],
])("%j is %j", (text, name) => {
  expect(safeName(text)).toBe(name);
});

test(`stays in its folder, is short, and tells texts apart (seed ${propertySeed})`, () => {
  const text = fc.string({
    unit: fc.constantFrom(..."ab./\\%:\u0000 ~äß漢-", "\u{1f4a9}", "..", "x".repeat(50)),
    maxLength: 30,
  });
  const property = fc.property(text, text, (one, other) => {
    const name = safeName(one);
    expect(basename(resolve(join("/folder", name)))).toBe(name);
    expect(resolve(join("/folder", name, ".."))).toBe("/folder");
    expect(Buffer.byteLength(`${name}.png`)).toBeLessThan(255);
    expect(name === safeName(other)).toBe(one.normalize("NFC") === other.normalize("NFC"));
  });
  fc.assert(property, { seed: propertySeed, numRuns: 2000 });
});
