/** Collections larger than one machine: jobs of shards, workers that score them, and what hands shards out. */
export type { Backend, Lease, QueueStatus } from "./backend.ts";
export { createJob, type JobOutcome, type JobRequest, usualShardSize } from "./creating.ts";
export { openFolderBackend } from "./folder-backend.ts";
export { type Job, type JobRecord, openJob, type Shard } from "./job-files.ts";
export { keepMost, largestDiscovery, type MergeOutcome, type MergeRequest, mergeJob } from "./merging.ts";
export { type JobMetrics, openJobMetrics } from "./metrics.ts";
export { type MetricsServer, serveMetrics } from "./metrics-server.ts";
export { type JobStatus, jobStatus } from "./progress.ts";
export { type BrokerSettings, jobsAt, openRedisBackend } from "./redis-backend.ts";
export { type JobRow, type ReadTable, readTable } from "./shard-tables.ts";
export { drawTopSheet, type TopSheet } from "./top-images.ts";
export { type JobVerification, verifyJob } from "./verifying.ts";
export { type ShardReport, type WorkerOptions, type WorkSummary, work } from "./working.ts";
