/** What hands out the shards of a job: its folder, or the broker that it names, with a password from the environment. */
import {
  type Backend,
  type BrokerSettings,
  type Job,
  type JobMetrics,
  openFolderBackend,
  openJobMetrics,
  openRedisBackend,
  serveMetrics,
} from "../queue/index.ts";
import type { Console } from "./console.ts";
import type { ListeningAddress } from "./options.ts";

/** The broker at an address. */
export function brokerOf(url: string): BrokerSettings {
  const { OUTGLOW_QUEUE_USER: user, OUTGLOW_QUEUE_PASSWORD: password } = process.env;
  return { url, user, password };
}

/** Opens the backend of a job; `lease` is how long a broker waits for a sign of life, ms. */
export function openBackend(job: Job, lease?: number): Promise<Backend> {
  const { queue } = job.record;
  return queue === null ? openFolderBackend(job) : openRedisBackend(job, { ...brokerOf(queue), lease });
}

/** Counts for Prometheus, and answers at an address; undefined where none is given. */
export async function openMetrics(
  address: ListeningAddress | undefined,
  output: Console,
): Promise<(JobMetrics & { close(): Promise<void> }) | undefined> {
  if (!address) return undefined;
  const metrics = await openJobMetrics();
  const { url, close } = await serveMetrics(metrics, address);
  output.note(`metrics: ${url}`);
  return { ...metrics, close };
}
