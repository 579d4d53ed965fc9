/**
 * Shards that end the process that scores them: their images are scored in processes of their own, halves of what ended one, down to the image.
 * Parts are whole passes as long as they can be, so that the numbers of all other images stay what they are.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { RunError } from "../base/index.ts";
import type { EngineSettings } from "../workflow/index.ts";
import { passSize } from "./creating.ts";
import type { Part } from "./shard-scoring.ts";
import type { JobRow } from "./shard-tables.ts";

/** What the process of a part is told: one argument. */
export interface PartRequest {
  readonly folder: string;
  /** Place of the shard in the job. */
  readonly shard: number;
  /** The folder of the detector. */
  readonly models: string;
  readonly engine: EngineSettings;
}

/** What it answers. */
export type PartAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "rows"; readonly rows: readonly JobRow[] }
  | { readonly kind: "failed"; readonly message: string };

/** The file of that process: `part-worker` beside this one. */
export const partWorker = new URL("./part-worker.js", import.meta.url);

/**
 * Scores all images of a shard part by part. `unreadable` makes the row of an image that ended two processes of its own. Throws RunError where a process
 * ends before it looks at an image.
 */
export async function scoreCarefully(
  request: PartRequest,
  program: URL,
  count: number,
  unreadable: (image: number, reason: string) => JobRow,
): Promise<JobRow[]> {
  const parts: Part[] = [{ first: 0, count }];
  const rows: JobRow[] = [];
  const ended = new Set<number>();
  let child: ReturnType<typeof startChild> | undefined;
  try {
    for (let part = parts.shift(); part; part = parts.shift()) {
      child ??= startChild(request, program);
      await child.ready;
      const outcome = await child.score(part);
      if ("rows" in outcome) {
        rows.push(...outcome.rows);
        continue;
      }
      child = undefined;
      if (part.count > 1) parts.unshift(...halves(part));
      else if (!ended.has(part.first)) {
        // Once may be chance, such as memory that ran out.
        ended.add(part.first);
        parts.unshift(part);
      } else rows.push(unreadable(part.first, `reading it ended the process (${outcome.end})`));
    }
    return rows;
  } finally {
    child?.kill();
  }
}

/** Two halves of a part; the first is of whole passes where there are several. */
export function halves({ first, count }: Part): readonly [Part, Part] {
  const half = count > passSize ? Math.ceil(count / 2 / passSize) * passSize : Math.ceil(count / 2);
  return [
    { first, count: half },
    { first: first + half, count: count - half },
  ];
}

type PartOutcome = { readonly rows: readonly JobRow[] } | { readonly end: string };

function startChild(request: PartRequest, program: URL) {
  const child = fork(fileURLToPath(program), [JSON.stringify(request)], {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const next = (): Promise<PartAnswer | { readonly kind: "end"; readonly end: string }> =>
    new Promise((resolve) => {
      const settle = (answer: PartAnswer | { readonly kind: "end"; readonly end: string }): void => {
        child.off("message", heard);
        child.off("exit", exited);
        resolve(answer);
      };
      const heard = (answer: PartAnswer): void => settle(answer);
      const exited = (code: number | null, signal: string | null): void =>
        settle({ kind: "end", end: signal ?? `code ${code}` });
      child.on("message", heard);
      child.on("exit", exited);
    });
  const ready = next().then((answer) => {
    if (answer.kind === "ready") return;
    throw failure(
      answer.kind === "failed" ? answer.message : `it ended with ${answer.kind === "end" ? answer.end : ""}`,
    );
  });
  // Whoever waits for it is told.
  ready.catch(() => undefined);
  return {
    ready,
    kill: () => void child.kill("SIGKILL"),
    async score(part: Part): Promise<PartOutcome> {
      const answer = next();
      if (child.connected) child.send(part, () => undefined);
      const said = await answer;
      if (said.kind === "failed") throw failure(said.message);
      return said.kind === "rows" ? { rows: said.rows } : { end: said.kind === "end" ? said.end : "" };
    },
  };
}

function failure(got: string): RunError {
  return new RunError({ code: "engine", subject: "scoring process", expected: "rows of images", got });
}
