/** Tests with real data sets, which are not part of the project. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadImages } from "./loading.ts";
import { openImages } from "./opening.ts";

const folder = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const present = existsSync(join(folder, "mnist"));

describe.skipIf(!present)("real data (skipped where ../shared/data is absent)", () => {
  test.each([
    ["mnist", "idx", 70_000, 10, 1],
    ["fashion-mnist#split=test", "idx", 10_000, 10, 1],
    ["emnist-letters", "idx", 20_000, 0, 1],
    ["cifar-10", "cifar-10", 15_500, 10, 3],
    ["cifar-100#split=test", "images", 3000, 100, 3],
    ["mnist-m", "images", 3000, 0, 3],
    ["tiny-imagenet", "images", 12_000, 200, 3],
    ["magnetic-tile#split=test", "images", 204, 6, 1],
    ["magnetic-tile#split=train,class=good", "images", 270, 1, 1],
    ["brain-mri", "images", 420, 4, 3],
  ])("%s", async (location, format, length, classes, channels) => {
    const source = await openImages(join(folder, location), "test");
    const names = new Set(Array.from({ length }, (_, index) => source.className(index)));
    names.delete(undefined);
    expect([source.format, source.length, names.size, await source.channels()]).toEqual([
      format,
      length,
      classes,
      channels,
    ]);
    const sample = await openImages(
      join(folder, `${location}${location.includes("#") ? "," : "#"}limit=20,seed=1`),
      "test",
    );
    const set = await loadImages(sample, { channels: 3, height: 32, width: 32 }, { strict: true });
    expect(set.count).toBe(20);
    expect(set.pixels).toHaveLength(20 * 3 * 32 * 32);
  });

  test("CIFAR-10 has its class names and colours", async () => {
    const source = await openImages(join(folder, "cifar-10#split=test,limit=500"), "test");
    expect(["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]).toContain(
      source.className(0),
    );
    const set = await loadImages(source, { channels: 3, height: 32, width: 32 }, { strict: true });
    const mean = (channel: number): number => {
      let sum = 0;
      for (let image = 0; image < set.count; image++) {
        for (let i = 0; i < 1024; i++) sum += set.pixels[image * 3072 + channel * 1024 + i]!;
      }
      return sum / (set.count * 1024);
    };
    // Published channel means of CIFAR-10: 125.3, 123.0, 113.9.
    expect(Math.abs(mean(0) - 125.3)).toBeLessThan(6);
    expect(Math.abs(mean(1) - 123.0)).toBeLessThan(6);
    expect(Math.abs(mean(2) - 113.9)).toBeLessThan(6);
  });
});
