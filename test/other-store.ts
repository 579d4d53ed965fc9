/** An object store that others wrote, which checks signatures by itself: s3rver, over a folder of its own. */
import { rm } from "node:fs/promises";
import S3rver from "@20minutes/s3rver";
import { temporaryFolder } from "./command.ts";

/** Starts it with one bucket called `bucket`. */
export async function startOtherStore() {
  const { path } = await temporaryFolder();
  const server = new S3rver({
    port: 0,
    address: "127.0.0.1",
    silent: true,
    directory: path,
    configureBuckets: [{ name: "bucket" }],
  });
  const { port } = await server.run();
  return {
    environment: {
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: "S3RVER",
      AWS_SESSION_TOKEN: "",
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    },
    async close() {
      await server.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}
