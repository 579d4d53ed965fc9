/** Addresses of objects, and what is none. */
import { expect, test } from "vitest";
import { addressBeside, parseAddress } from "./addresses.ts";

test("what no client can ask for is no address", () => {
  const reasons = [
    "s3://b",
    "s3:///key",
    "s3://bucket/../other/key",
    "s3://bucket/a/./b",
    "s3://user:p4ss@bucket/key",
    `s3://bucket/${"x".repeat(1025)}`,
  ].map((one) => parseAddress(one));
  expect(reasons.every((one) => "reason" in one)).toBe(true);
  expect(JSON.stringify(reasons)).not.toContain("p4ss");
  expect(addressBeside("s3://bucket/lists/list.txt", "../images/./1.png")).toBe("s3://bucket/images/1.png");
  expect(addressBeside("s3://bucket/lists/list.txt", "s3://other/1.png")).toBe("s3://other/1.png");
  for (const path of ["../../other/1.png", "/etc/passwd"])
    expect(addressBeside("s3://bucket/lists/list.txt", path)).toBeUndefined();
});
