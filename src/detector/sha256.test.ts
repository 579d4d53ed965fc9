/** The digest of our own against Node's. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { sha256 } from "./sha256.ts";

test("digests are Node's, at every length around the ends of blocks", () => {
  const stream = randomKey("digest").stream();
  for (const length of [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 100_003]) {
    const bytes = Uint8Array.from({ length }, () => Math.floor(256 * stream.uniform()));
    expect(Buffer.from(sha256(bytes)).toString("hex"), String(length)).toBe(
      createHash("sha256").update(bytes).digest("hex"),
    );
  }
});
