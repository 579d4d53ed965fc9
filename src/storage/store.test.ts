/** Object stores: what is signed, listed, read in parts and written. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ownStore } from "../../test/tested-store.ts";
import { parseAddress, showAddress } from "./addresses.ts";

const own = ownStore();
const seed = 20240607;

const text = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);

test(`objects of all kinds of keys come back by their names, signed (seed ${seed})`, async () => {
  const part = fc.stringMatching(/^[ -.0-~äß€😀+%&=~'()*!-]{1,12}$/u).filter((one) => !/^\.\.?$/.test(one));
  const keys = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  await fc.assert(
    fc.asyncProperty(keys, async (key) => {
      await own.store.put({ bucket: "bucket", key }, Buffer.from(key));
      expect(text(await own.store.get({ bucket: "bucket", key }, 1000))).toBe(key);
      expect(own.server.objects.has(`bucket/${key}`)).toBe(true);
      expect(await own.keysOf(key)).toContain(key);
      expect(parseAddress(showAddress({ bucket: "bucket", key }))).toEqual({ bucket: "bucket", key });
    }),
    { seed, numRuns: 40 },
  );
});

test("keys are absolute, doubled and strange, and listed over pages", async () => {
  const keys = ["/absolute", "a//b", "a/ b+c%20d", "a/\u00e9", "a/e\u0301", "a/\u{10000}", "a/\uffee", "a/<&>\"'", "z"];
  for (const key of keys) await own.store.put({ bucket: "bucket", key }, Buffer.from(key));
  const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(await own.keysOf("", 2)).toEqual(sorted);
  expect(own.server.counts.LIST).toBe(5);
  expect(await own.keysOf("a/", 1000)).toEqual(sorted.filter((key) => key.startsWith("a/")));
  for (const key of keys) expect(text(await own.store.get({ bucket: "bucket", key }, 100))).toBe(key);
  expect(await own.keysOf("nothing/")).toEqual([]);
});

test("parts come alone where they are alone, and in large pieces to who goes on", async () => {
  const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7) % 251));
  own.server.objects.set("bucket/large", content);
  const object = (await own.store.open({ bucket: "bucket", key: "large" }))!;
  expect(object.size).toBe(content.length);
  const at = async (offset: number, size: number) =>
    expect(Buffer.from(await object.read(offset, size)).equals(content.subarray(offset, offset + size))).toBe(true);
  await at(100, 20);
  expect(own.server.counts.GET).toBe(1);
  for (const offset of [2_500_000, 1_000_000, 2_000_000]) await at(offset, 10);
  expect(own.server.counts.GET).toBe(4);
  for (let offset = 70_000; offset < 2_900_000; offset += 20_000) await at(offset, 10_000);
  expect(own.server.counts.GET).toBeLessThan(12);
  await Promise.all(Array.from({ length: 100 }, (_, index) => at(index * 29_000, 29_000)));
  const parts: Uint8Array[] = [];
  for await (const part of object.stream()) parts.push(part as Uint8Array);
  expect(Buffer.concat(parts).equals(content)).toBe(true);
  await expect(object.read(2_999_999, 2)).rejects.toThrow(/it ends early/);
  const another = (await own.store.open({ bucket: "bucket", key: "large" }))!;
  own.server.objects.set("bucket/large", Buffer.from(content).fill(1, 5, 6));
  await expect(another.read(400_000, 1)).rejects.toThrow(/it has changed since it was opened/);
});

test("what is there is said, and goes", async () => {
  const address = { bucket: "bucket", key: "one" };
  await own.store.put({ bucket: "bucket", key: "empty" }, new Uint8Array(0));
  expect(await own.store.get(address, 10)).toBeUndefined();
  expect(await own.store.open(address)).toBeUndefined();
  expect((await own.store.open({ bucket: "bucket", key: "empty" }))?.size).toBe(0);
  expect(await own.store.stat(address)).toBeUndefined();
  await own.store.put(address, Buffer.from("1"));
  expect(await own.store.stat(address)).toEqual({ bytes: 1, changed: Date.UTC(2026, 0, 2, 3, 4, 5) });
  expect(text(await own.store.get(address, 10))).toBe("1");
  await own.store.remove(address);
  expect(await own.store.get(address, 10)).toBeUndefined();
});
