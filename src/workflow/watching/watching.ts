/**
 * Watching a folder that images arrive in, such as one that a camera writes to: every image is scored once, whatever happens in between, and
 * what is anomalous or drifts is told.
 *
 * A file is taken once it has not changed for a while, and decodes: one that is still being written, or whose writer paused, is not. A killed
 * process goes on where the journal ends (`watch-journal.ts`).
 */

import { stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { ConfigError, describeFault, isUserError, messageOf, randomKey, setting } from "../../base/index.ts";
import { formatLocation, openImages } from "../../data/index.ts";
import type { Detector } from "../../detector/index.ts";
import { type AnyRule, advanceWatch, ruleLabel } from "../../score/index.ts";
import { type Decision, decisionOf, warnOfShortage } from "../deciding/decisions.ts";
import type { Watch } from "../events.ts";
import { predict } from "../scoring/prediction.ts";
import { beginDrift, columnsOf, type DriftNews, describeDrift, scoringIdentity } from "./drift.ts";
import { type Arrival, filesIn, hintOf, keyOf } from "./watch-arrivals.ts";
import { openJournal, type Told, type WatchedRow } from "./watch-journal.ts";

/** What is watched, and how. Times are seconds. */
export interface WatchRequest {
  readonly folder: string;
  /** The journal, JSON lines: one row an image. */
  readonly out: string;
  readonly score?: string | undefined;
  readonly falseAlarm?: number | undefined;
  readonly rule?: AnyRule | undefined;
  /** A file is taken when it has not changed for so long. Default 1. */
  readonly settle?: number | undefined;
  /** Between two looks at the folder; changes that the system tells of are looked at sooner. Default 2. */
  readonly every?: number | undefined;
  /** A file that has not changed for so long and is still no image is told as unreadable. Default 60. */
  readonly giveUp?: number | undefined;
  /** The chance that drift is ever told where there is none. Default 0.01. */
  readonly drift?: number | undefined;
  /** Whether to look once and end. */
  readonly once?: boolean | undefined;
  /** What ends the watch beside the signal. */
  readonly until?: "anomaly" | "drift" | undefined;
}

/** Who is told. Each is waited for; where one fails, the same is told again at the next look, and before anything later. */
export interface WatchListeners {
  readonly onRow?: (row: WatchedRow) => void;
  readonly onAnomaly?: (row: WatchedRow) => Promise<void>;
  readonly onDrift?: (news: DriftNews) => Promise<void>;
}

/** What a watch saw. */
export interface WatchSummary {
  /** Images scored now, and files that are no images among those that came. */
  readonly images: number;
  readonly unreadable: number;
  readonly anomalies: number;
  /** Files that were still changing at the last look. */
  readonly waiting: number;
  readonly drifted: readonly DriftNews[];
}

/** Images whose rows are synced in one go. */
const rowsAtOnce = 16;

/** Watches until the signal, `until` or the first look ends it. Throws as `predict` and `openJournal`, ConfigError for a rule about all images. */
export async function watchFolder(
  detector: Detector,
  request: WatchRequest,
  { onRow, onAnomaly, onDrift }: WatchListeners = {},
  watch: Watch = {},
): Promise<WatchSummary> {
  const { folder, settle = 1, every = 2, giveUp = 60, drift: driftRate = 0.01, once = false, until } = request;
  const { onEvent, signal } = watch;
  const { manifest } = detector;
  await refuseMissing(folder);
  const decision = decisionOf(detector, request, 1);
  if (decision.together) throw ruleOfMany(decision);
  warnOfShortage(manifest, decision, 1, watch);
  const id = scoringIdentity(manifest);
  const key = randomKey(manifest.training.seed).fold("watch");
  const begun = beginDrift(manifest, decision.score, key);
  if ("shortage" in begun) onEvent?.({ kind: "warning", text: `warning: ${begun.shortage}` });
  let drift = "watch" in begun ? begun.watch : undefined;
  const names = Object.keys(drift?.columns ?? {});
  const journal = await openJournal(request.out);
  const hint = hintOf(folder);
  try {
    const seen = new Set(journal.rows.map(keyOf));
    let told: Told = journal.told;
    let count = journal.rows.length;
    /** Anomalies that nobody was told of yet, in order. */
    const untold = journal.rows.slice(told.rows).filter(({ anomalous }) => anomalous);
    const ofThis = journal.rows.filter((row) => row.detector === id && row.problem === undefined);
    if (drift) drift = advanceWatch(drift, columnsOf(names, ofThis, decision.score), key);
    const summary = { images: 0, unreadable: 0, anomalies: 0, waiting: 0 };
    let drifted: DriftNews[] = [];
    let failing: string | undefined;

    /** Tells what was not told yet, in order. False where a listener failed. */
    const tellAll = async (): Promise<boolean> => {
      try {
        while (untold[0] !== undefined) {
          await onAnomaly?.(untold[0]);
          untold.shift();
        }
        told = { ...told, rows: count };
        drifted = drift ? describeDrift(drift, driftRate, manifest) : [];
        for (const news of drifted) {
          if (told.drifted.includes(news.column)) continue;
          await onDrift?.(news);
          told = { ...told, drifted: [...told.drifted, news.column] };
        }
        failing = undefined;
        return true;
      } catch (error) {
        if (!isUserError(error)) throw error;
        const text = `warning: ${error.fault ? describeFault(error.fault, setting) : error.message}; trying again`;
        if (failing !== error.message) onEvent?.({ kind: "warning", text });
        failing = error.message;
        return false;
      } finally {
        await journal.tell(told);
      }
    };
    await tellAll();

    for (;;) {
      signal?.throwIfAborted();
      const arrivals = (await filesIn(folder, request.out)).filter((arrival) => !seen.has(keyOf(arrival)));
      const settled = arrivals.filter(({ changed }) => Date.now() - changed >= settle * 1000);
      summary.waiting = arrivals.length - settled.length;
      let batch: WatchedRow[] = [];
      const flush = async (): Promise<void> => {
        if (batch.length === 0) return;
        await journal.append(batch);
        count += batch.length;
        untold.push(...batch.filter(({ anomalous }) => anomalous));
        for (const row of batch) {
          seen.add(keyOf(row));
          onRow?.(row);
          if (row.problem === undefined) summary.images++;
          else summary.unreadable++;
          if (row.anomalous) summary.anomalies++;
        }
        const scored = batch.filter(({ problem }) => problem === undefined);
        if (drift && scored.length > 0) drift = advanceWatch(drift, columnsOf(names, scored, decision.score), key);
        batch = [];
        await tellAll();
      };
      for (const arrival of settled) {
        if (signal?.aborted) break;
        const row = await scoreArrival(detector, decision, request, arrival, id);
        const given = Date.now() - arrival.changed >= giveUp * 1000;
        if (row === undefined || (row.problem !== undefined && !given)) summary.waiting++;
        else batch.push(row);
        if (batch.length >= rowsAtOnce) await flush();
      }
      await flush();
      if (failing !== undefined) await tellAll();
      const ended = once || (until === "anomaly" && summary.anomalies > 0) || (until === "drift" && drifted.length > 0);
      if (ended) return { ...summary, drifted };
      await Promise.race([pause(every * 1000, undefined, signal ? { signal } : {}), hint.changed()]).catch(
        () => undefined,
      );
      // What the system tells of has just changed, and has yet to settle.
      if (!signal?.aborted)
        await pause(Math.min(every, settle) * 500, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  } finally {
    hint.close();
    await journal.close();
  }
}

/** The row of a file; undefined where it changed while it was read. */
async function scoreArrival(
  detector: Detector,
  decision: Decision,
  { score, falseAlarm, rule }: WatchRequest,
  { file, path, size, modified }: Arrival,
  id: string,
): Promise<WatchedRow | undefined> {
  const about = { file, size, modified, time: new Date().toISOString(), detector: id, rule: ruleLabel(decision.rule) };
  const nothing = { score: null, pValue: null, anomalous: false, scores: {} };
  let row: WatchedRow | undefined;
  try {
    const source = await openImages(formatLocation({ path, selection: {} }), setting("folder"));
    for await (const image of predict(detector, source, { score, falseAlarm, rule, strict: true })) {
      const scores = Object.fromEntries(Object.entries(image.scores).map(([name, value]) => [name, finite(value)]));
      row ??= { ...about, score: finite(image.score), pValue: image.pValue, anomalous: image.anomalous, scores };
    }
  } catch (error) {
    if (!isUserError(error) || error.name === "RunError") throw error;
    row = { ...about, ...nothing, problem: messageOf(error) };
  }
  const after = await stat(path).catch(() => undefined);
  return after?.size === size && after.mtimeMs === modified ? row : undefined;
}

/** JSON has no infinity. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

async function refuseMissing(folder: string): Promise<void> {
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory()) return;
  throw new ConfigError({
    code: "not-found",
    subject: "folder",
    expected: "a folder to watch",
    got: stats === undefined ? `nothing at '${folder}'` : `'${folder}', which is none`,
  });
}

function ruleOfMany({ words }: Decision): ConfigError {
  return new ConfigError({
    code: "conflicting-settings",
    subject: "watch",
    expected: "a rule about single images",
    got: `one about all: ${words}`,
    remedy: {
      key: "other",
      text: `give ${setting("falseAlarm")}, ${setting("threshold")} or ${setting("budget")} with ${setting("expected")}`,
    },
  });
}
