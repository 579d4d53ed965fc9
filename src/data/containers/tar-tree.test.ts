/** Tests of tar archives with arbitrary content and arbitrary bytes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, FormatError } from "../../base/index.ts";
import { makeFolder, propertySeed } from "../example-files.ts";
import { defaultLimits } from "../limits.ts";
import { openImages } from "../opening.ts";
import { tarOf } from "./example-archives.ts";
import { tarContainer } from "./tar-tree.ts";

const opening = { subject: "here", limits: defaultLimits, concerns: () => true };
let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
});
afterAll(() => remove());

describe.each(["plain", "compressed"])("%s", (kind) => {
  const finish = (bytes: Buffer): Buffer => (kind === "plain" ? bytes : gzipSync(bytes));

  test(`what is written is read again, long names too (seed ${propertySeed})`, async () => {
    const name = fc.stringMatching(/^[a-zäß0-9]{1,60}(\/[a-z0-9 ]{1,70}){0,3}$/);
    const files = fc.dictionary(name, fc.uint8Array({ maxLength: 1500 }), {
      minKeys: 1,
      maxKeys: 5,
      noNullPrototype: true,
    });
    const property = fc.asyncProperty(files, async (contents) => {
      const path = join(folder, `${kind}.tar`);
      await writeFile(path, finish(await tarOf(contents)));
      const tree = await tarContainer.open(path, opening);
      expect(tree.files.map((file) => file.path)).toEqual(Object.keys(contents).sort());
      for (const file of tree.files) expect(Buffer.compare(await file.read(), contents[file.path]!)).toBe(0);
    });
    await fc.assert(property, { seed: propertySeed, numRuns: 40 });
  });

  test(`damaged archives are read or refused, never worse (seed ${propertySeed})`, async () => {
    const whole = finish(
      await tarOf({ "a/1.png": "first", "a/train-images-idx3-ubyte": "second", "data_batch_1.bin": "" }),
    );
    const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 });
    const property = fc.asyncProperty(flips, fc.nat(whole.length), async (changes, length) => {
      const bytes = Buffer.from(whole);
      for (const [position, value] of changes) bytes[position] = value;
      const path = join(folder, `damaged-${kind}.tar`);
      await writeFile(path, bytes.subarray(0, length));
      const error = await openImages(path, "here").catch((thrown: unknown) => thrown);
      if (error instanceof Error && !(error instanceof ConfigError)) expect(error).toBeInstanceOf(FormatError);
    });
    await fc.assert(property, { seed: propertySeed, numRuns: 150 });
  });
});

test(`arbitrary bytes never crash (seed ${propertySeed})`, async () => {
  const names = fc.constantFrom("x.tar", "x.tgz", "data_batch_1.bin", "train.bin", "train-images-idx3-ubyte.gz");
  const property = fc.asyncProperty(names, fc.uint8Array({ maxLength: 2000 }), async (name, bytes) => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    const error = await openImages(path, "here").catch((thrown: unknown) => thrown);
    if (error instanceof Error && !(error instanceof ConfigError)) expect(error).toBeInstanceOf(FormatError);
  });
  await fc.assert(property, { seed: propertySeed, numRuns: 200 });
});

test("a name that leads out of its folder is told of, and not read", async () => {
  const path = join(folder, "out.tar");
  await writeFile(path, await tarOf({ "../a.png": "1", "x/../../b.png": "2", "../c.txt": "3", "./d.png": "4" }));
  const { files, problems, leftOut } = await tarContainer.open(path, {
    ...opening,
    concerns: (inside) => inside.endsWith(".png"),
  });
  expect(files.map((file) => file.path)).toEqual(["d.png"]);
  expect(problems.map(({ reason }) => reason)).toEqual(Array(2).fill("its name leads out of its folder by '..'"));
  expect(leftOut.list()).toMatchObject([{ what: "file with '..' in its name", count: 1 }]);
});
