/** The version in the source is that of the package. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { packageVersion } from "./index.ts";

test("the version is the package's", () => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  expect(packageVersion()).toBe((JSON.parse(text) as { version: string }).version);
});
