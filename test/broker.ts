/** A Redis of a test's own, on a free port, that keeps nothing. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** Whether `redis-server` is installed; says so on stderr where it is not. */
export function hasRedis(): boolean {
  const found = spawnSync("redis-server", ["--version"]).status === 0;
  if (!found) process.stderr.write("skipped: tests with a broker need redis-server on the PATH\n");
  return found;
}

/** A broker that runs. */
export interface Broker {
  readonly url: string;
  /** Ends it as a failing machine does, with all that it knew, and begins an empty one at the same address. */
  replace(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one. */
export async function startBroker(): Promise<Broker> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  let child = await start(port);
  const end = async (): Promise<void> => {
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    async replace() {
      await end();
      child = await start(port);
    },
    stop: end,
  };
}

async function start(port: number): Promise<ChildProcess> {
  const child = spawn("redis-server", [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
  ]);
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes("Ready to accept connections")) resolve();
    });
    child.once("close", (code) => reject(new Error(`redis-server ended with ${code}`)));
  });
  return child;
}
