/** Bodies of several files: what is written is read again, byte for byte, and damage is refused. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { boundaryOf, readMultipart } from "./multipart.ts";
import { Refusal } from "./refusals.ts";

const propertySeed = 5;
const boundary = "----WebKitFormBoundary7MA4YWxk";

function write(parts: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ name, bytes }) => [
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="a"; filename="${name}"\r\n\r\n`),
      bytes,
      Buffer.from("\r\n"),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
}

test(`what is written is read again (seed ${propertySeed})`, () => {
  const part = fc.record({ name: fc.stringMatching(/^[\w .ä-]{1,20}$/), bytes: fc.uint8Array({ maxLength: 200 }) });
  const property = fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
    const read = readMultipart(write(parts), boundary, 5);
    expect(read.map(({ name, bytes }) => ({ name, bytes: Uint8Array.from(bytes) }))).toEqual(parts);
  });
  fc.assert(property, { seed: propertySeed });
});

test(`any bytes are parts or a Refusal (seed ${propertySeed})`, () => {
  const whole = write([{ name: "x.png", bytes: Uint8Array.of(1, 2, 3) }]);
  const property = fc.property(fc.nat(whole.length), fc.uint8Array({ maxLength: 30 }), (at, more) => {
    const damaged = Buffer.concat([
      whole.subarray(0, at),
      more,
      whole.subarray(Math.min(whole.length, at + more.length)),
    ]);
    try {
      readMultipart(damaged, boundary, 5);
    } catch (error) {
      expect(error).toBeInstanceOf(Refusal);
    }
  });
  fc.assert(property, { seed: propertySeed, numRuns: 500 });
});

test("too many parts are refused before they are all read", () => {
  const parts = Array.from({ length: 3 }, () => ({ name: "x", bytes: new Uint8Array(0) }));
  expect(() => readMultipart(write(parts), boundary, 2)).toThrow(expect.objectContaining({ status: 413 }));
});

test.each([
  ["multipart/form-data; boundary=abc", "abc"],
  ['Multipart/Form-Data; charset=utf-8; boundary="a b"', "a b"],
  ["multipart/form-data", undefined],
  ["multipart/mixed; boundary=abc", undefined],
])("the boundary in %s", (type, expected) => {
  expect(boundaryOf(type)).toBe(expected);
});
