/** `outglow watch`: scores what arrives in a folder, and tells of anomalies and drift by exit code, a command or a webhook. */
import { spawn } from "node:child_process";
import {
  checkWebhook,
  type DriftNews,
  missingExpected,
  openDetector,
  postNews,
  type RuleSettings,
  type WatchedRow,
  watchFolder,
  wishedRule,
} from "../workflow/index.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import { exitCodes } from "./exit-codes.ts";
import { onInterrupt } from "./interrupts.ts";
import type { EngineOptions } from "./options.ts";

/** What is typed after `outglow watch`. */
export interface WatchOptions extends EngineOptions, RuleSettings {
  readonly detector: string;
  readonly out: string;
  readonly score?: string;
  readonly once: boolean;
  readonly until?: "anomaly" | "drift";
  readonly exec?: string;
  readonly webhook?: string;
  readonly settle: number;
  readonly every: number;
  readonly giveUp: number;
  readonly drift: number;
}

/** News as commands and webhooks get them. */
type News = ({ readonly event: "anomaly" } & WatchedRow) | ({ readonly event: "drift" } & DriftNews);

/** Watches a folder. */
export async function watch(folder: string, options: WatchOptions): Promise<void> {
  const { webhook, exec } = options;
  const output = openConsole(options.quiet);
  const rule = wishedRule(options);
  if (rule?.kind === "budget" && rule.expected === undefined) throw missingExpected();
  if (webhook !== undefined) checkWebhook(webhook);
  const detector = await openDetector(options.detector, options);
  const stop = new AbortController();
  const release = onInterrupt(() => stop.abort());
  const print = eventPrinter(output);
  let done: News | undefined;
  const tell = async (news: News): Promise<void> => {
    // A command that did its part is not run again for a webhook that fails.
    if (exec !== undefined && done !== news) await runCommand(exec, news, output.warn);
    done = news;
    if (webhook !== undefined) await postNews(webhook, news);
  };
  const known = new Map<object, News>();
  const once = (source: object, news: News): Promise<void> => {
    const same = known.get(source) ?? news;
    known.set(source, same);
    return tell(same).then(() => void known.delete(source));
  };
  try {
    const { images, unreadable, anomalies, waiting, drifted } = await watchFolder(
      detector,
      { ...options, rule, falseAlarm: undefined, folder },
      {
        onRow: (row) => {
          if (options.json) output.print(JSON.stringify(row));
          if (row.problem !== undefined) output.warn(`${row.file}: ${row.problem}`);
          else
            output.note(
              `${row.file}: ${row.score ?? "infinite"}, p = ${row.pValue}${row.anomalous ? ", anomalous" : ""}`,
            );
        },
        onAnomaly: (row) => once(row, { event: "anomaly", ...row }),
        onDrift: async (news) => {
          output.warn(`drift: ${news.words}`);
          await tell({ event: "drift", ...news });
        },
      },
      { onEvent: print, signal: stop.signal },
    );
    const more = [
      ...(unreadable > 0 ? [`${unreadable} unreadable`] : []),
      ...(waiting > 0 ? [`${waiting} not yet settled`] : []),
      ...(drifted.length > 0 ? [`drift: ${drifted.map(({ words }) => words).join("; ")}`] : []),
    ];
    output.note([`${anomalies} of ${images} new images anomalous`, ...more].join("; "));
    if (drifted.length > 0) process.exitCode = exitCodes.drift;
    if (anomalies > 0) process.exitCode = exitCodes.anomaly;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.exitCode = exitCodes.interrupted;
  } finally {
    release();
    await detector.dispose();
  }
}

/** Runs a command of the person's own in a shell. One that fails is told of and not run again. */
function runCommand(command: string, news: News, warn: (line: string) => void): Promise<void> {
  const about: Record<string, string> =
    news.event === "anomaly"
      ? {
          OUTGLOW_FILE: news.file,
          OUTGLOW_SCORE: String(news.score ?? "infinite"),
          OUTGLOW_P_VALUE: String(news.pValue),
        }
      : { OUTGLOW_COLUMN: news.column, OUTGLOW_DRIFT: news.words };
  return new Promise((resolve) => {
    const child = spawn(command, {
      shell: true,
      stdio: ["pipe", process.stderr, process.stderr],
      env: { ...process.env, ...about, OUTGLOW_EVENT: news.event },
    });
    const end = (problem?: string): void => {
      if (problem !== undefined) warn(`--exec: ${problem}`);
      resolve();
    };
    child.once("error", (error) => end(error.message));
    child.once("close", (code, signal) => end(code === 0 ? undefined : `the command ended with ${signal ?? code}`));
    // A command need not read what it is told.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(`${JSON.stringify(news)}\n`);
  });
}
