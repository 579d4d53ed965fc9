/** Tests of names whose bytes are no UTF-8. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { propertySeed } from "../example-files.ts";
import { bytesOfName, nameOfBytes, readableName, systemPath } from "./path-bytes.ts";

test(`every name is read and written again (seed ${propertySeed})`, () => {
  const byte = fc.oneof(
    fc.nat(255),
    fc.constantFrom(0xc3, 0xa4, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x92, 0xa9, 0xed, 0xb2, 0x80),
  );
  const property = fc.property(fc.array(byte, { maxLength: 12 }), (bytes) => {
    expect([...bytesOfName(nameOfBytes(Uint8Array.from(bytes)))]).toEqual(bytes);
  });
  fc.assert(property, { seed: propertySeed, numRuns: 1000 });
});

test("UTF-8 is itself, other bytes are shown as what they are", () => {
  expect(nameOfBytes(Buffer.from("gr\u00f6\u00dfe \u{1f4a9}"))).toBe("gr\u00f6\u00dfe \u{1f4a9}");
  const latin = nameOfBytes(Buffer.from("gr\u00f6\u00dfe.png", "latin1"));
  expect(readableName(latin)).toBe("gr\\xF6\\xDFe.png");
  expect(systemPath("gr\u00f6\u00dfe")).toBe("gr\u00f6\u00dfe");
  expect(systemPath(latin)).toEqual(Buffer.from("gr\u00f6\u00dfe.png", "latin1"));
});
