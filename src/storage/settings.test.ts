/** Where stores have their buckets. */
import { expect, test } from "vitest";
import { storeSettings, urlOf } from "./settings.ts";

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
