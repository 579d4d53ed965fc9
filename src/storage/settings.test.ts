/** What the environment says of stores: whole, without secrets in messages, and where they have their buckets. */
import { expect, test } from "vitest";
import { storeSettings, urlOf } from "./settings.ts";
import { storeOf } from "./store.ts";

test("addresses are where AWS, and other stores, have their buckets", () => {
  const at = (environment: Record<string, string>, bucket: string): string =>
    urlOf(
      storeSettings("images", { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", ...environment }),
      bucket,
      "a b/+%.png",
      "x=1",
    ).href;
  expect(at({}, "bucket")).toBe("https://bucket.s3.us-east-1.amazonaws.com/a%20b/%2B%25.png?x=1");
  expect(at({ AWS_REGION: "cn-north-1" }, "my.bucket")).toBe(
    "https://s3.cn-north-1.amazonaws.com.cn/my.bucket/a%20b/%2B%25.png?x=1",
  );
  expect(at({ AWS_ENDPOINT_URL: "https://host:9000/s3/" }, "bucket")).toBe(
    "https://host:9000/s3/bucket/a%20b/%2B%25.png?x=1",
  );
});

test("settings come from the environment, whole and without secrets in messages", async () => {
  const good = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
  const wrong: readonly [Record<string, string>, RegExp][] = [
    [{}, /^images: expected credentials in the environment, got none; set AWS_ACCESS_KEY_ID and/],
    [{ AWS_ACCESS_KEY_ID: "id" }, /got one of two/],
    [
      { ...good, AWS_SECRET_ACCESS_KEY: "sec\nret" },
      /expected letters, digits and signs in AWS_SECRET_ACCESS_KEY, got others$/,
    ],
    [{ ...good, AWS_REGION: "eu/../x" }, /expected a region/],
    [{ ...good, AWS_ENDPOINT_URL: "ftp://host" }, /got one that begins with 'ftp:'/],
    [
      { ...good, AWS_ENDPOINT_URL_S3: "https://me:word@host" },
      /^[^w]*AWS_ENDPOINT_URL_S3, got one with a user or a password$/,
    ],
    [{ ...good, AWS_ENDPOINT_URL: "host:x" }, /AWS_ENDPOINT_URL, got/],
  ];
  for (const [environment, message] of wrong) expect(() => storeSettings("images", environment)).toThrow(message);
  expect(storeSettings("images", { ...good, AWS_ENDPOINT_URL: "" })).toMatchObject({
    region: "us-east-1",
    endpoint: undefined,
  });
  expect(storeOf("images", good)).toBe(storeOf("images", good));
});
