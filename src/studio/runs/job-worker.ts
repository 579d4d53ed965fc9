/**
 * The process of a run: does what its folder says and tells of it in its log. It outlives the studio that started it, and ends at SIGTERM when
 * what it has reached is saved.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isUserError, messageOf } from "../../base/index.ts";
import { takeLock } from "../../data/index.ts";
import { calibrateJob } from "./calibrate-job.ts";
import { demo } from "./demo-job.ts";
import { appendTo } from "./event-log.ts";
import { inspectJob } from "./inspect-job.ts";
import { type JobContext, type JobKind, jobSchema, jobSchemas, runFileNames } from "./job-kinds.ts";
import { scoreJob } from "./score-job.ts";
import { trainJob } from "./train-job.ts";

const [folder, how] = process.argv.slice(2) as [string, "start" | "resume"];
const controller = new AbortController();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => controller.abort());

const outcome = await takeLock(join(folder, runFileNames.lock));
if ("lock" in outcome) {
  try {
    await work();
  } finally {
    await outcome.lock.release();
  }
}

async function work(): Promise<void> {
  const tell = appendTo(join(folder, runFileNames.log));
  const context: JobContext = { folder, resumed: how === "resume", tell, signal: controller.signal };
  tell({ kind: "state", state: "running" });
  try {
    const { kind, request } = jobSchema.parse(JSON.parse(await readFile(join(folder, runFileNames.job), "utf8")));
    tell({ kind: "state", state: await begin(kind, request, context) });
  } catch (error) {
    if (controller.signal.aborted && error === controller.signal.reason) {
      tell({ kind: "state", state: "paused" });
      return;
    }
    const fault = isUserError(error) ? (error.fault ?? null) : null;
    const message = isUserError(error) ? messageOf(error) : `a defect: ${error instanceof Error ? error.stack : error}`;
    tell({ kind: "state", state: "failed", fault, message });
  }
}

function begin(kind: JobKind, request: unknown, context: JobContext): Promise<"finished" | "paused"> {
  if (kind === "train") return trainJob(jobSchemas.train.parse(request), context);
  if (kind === "score") return scoreJob(jobSchemas.score.parse(request), context);
  if (kind === "calibrate") return calibrateJob(jobSchemas.calibrate.parse(request), context);
  if (kind === "inspect") return inspectJob(jobSchemas.inspect.parse(request), context);
  return demo(jobSchemas.demo.parse(request), context);
}
