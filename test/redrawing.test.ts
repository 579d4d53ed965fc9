/** Redrawing scales: what is kept stays, what is not changes, and the same key gives the same images. */
import { expect, test } from "vitest";
import { ConfigError, randomKey } from "../src/base/index.ts";
import { redrawScales } from "../src/detector/index.ts";
import { makeGlow } from "../src/flow/index.ts";
import { makeImages } from "../src/made/index.ts";
import { layoutOf, packArrays, parameterData } from "../src/nn/index.ts";
import { nodeEngine } from "../src/runtime/index.ts";

const input = { channels: 1, height: 16, width: 16 };
const flow = makeGlow({ ...input, scales: 2, depth: 2, hidden: 8 });
const { pixels } = makeImages({ kind: "normal", count: 70, specification: input, key: randomKey("redrawing") });

/** Fresh parameters, all of them moved a little: fresh couplings alone do nothing. */
function someParameters() {
  const vectors = packArrays(flow.parameters, flow.createParameters(randomKey("weights")));
  const stream = randomKey("noise").stream();
  for (const entry of layoutOf(flow.parameters).entries) {
    const data = parameterData(entry, vectors);
    if (entry.trainable) for (let index = 0; index < data.length; index++) data[index]! += 0.02 * stream.normal();
  }
  return vectors;
}

const parameters = someParameters();
const redraw = (kept: readonly number[], key = "latents", images = pixels) =>
  redrawScales(flow, parameters, images, { kept, temperature: 0.3, key: randomKey(key) }, nodeEngine({ threads: 1 }));
const farthest = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);

test("keeping every scale gives the images back", async () => {
  expect(farthest(await redraw([0, 1]), pixels)).toBeLessThanOrEqual(1);
});

test("redrawing changes images, by the key alone", async () => {
  const first = await redraw([1]);
  expect(first).toHaveLength(pixels.length);
  expect(farthest(first, pixels)).toBeGreaterThan(10);
  expect(await redraw([1])).toEqual(first);
  expect(await redraw([1], "other")).not.toEqual(first);
});

test("what is kept tells images apart, what is redrawn does not", async () => {
  const size = 256;
  const twice = new Uint8Array([...pixels.subarray(0, size), ...pixels.subarray(size, 2 * size)]);
  const none = await redraw([], "latents", pixels.subarray(0, size));
  const other = await redraw([], "latents", pixels.subarray(size, 2 * size));
  expect(none).toEqual(other);
  const final = await redraw([1], "latents", twice);
  expect(final.subarray(0, size)).not.toEqual(final.subarray(size));
});

test("refuses scales that are not there and parts of images", async () => {
  await expect(redraw([2])).rejects.toThrow("redrawing: expected scales from 0 to 1, got 2");
  await expect(redraw([0], "latents", pixels.subarray(1))).rejects.toThrow(ConfigError);
});
