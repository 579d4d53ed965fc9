/** What the page is doing: one detector, the files that were chosen, and what is known of them. It outlives the page that shows it. */
import { batch, computed, signal } from "@preact/signals";
import { referenceCount } from "../../src/score/index.ts";
import {
  countSentBytes,
  type LoadProgress,
  type NamedBlob,
  openWebDetector,
  type ScoredFile,
  sentBytes,
  type WebDetector,
  type WebDevice,
} from "../engine/index.ts";
import { report } from "../shell/errors.ts";
import type { Chosen } from "./chosen-files.ts";
import { judgeRows, type Rows, ratesFor } from "./scored-rows.ts";

/** A detector to choose. */
export interface DetectorChoice {
  readonly name: string;
  /** The address of its folder, or its files. */
  readonly source: string | { readonly name: string; readonly files: readonly NamedBlob[] };
}

/** How far the opening of a detector is. */
export type Opening =
  | { readonly state: "none" }
  | { readonly state: "loading"; readonly parts: Readonly<Partial<Record<LoadProgress["part"], LoadProgress>>> }
  | { readonly state: "ready"; readonly detector: WebDetector }
  | { readonly state: "failed"; readonly message: string };

/** How far the scoring is. */
export interface Scoring {
  readonly done: number;
  readonly total: number;
  readonly running: boolean;
}

/** The longest side of the pictures in the table, pixels. */
export const thumbnailSide = 48;

countSentBytes();

export const choice = signal<DetectorChoice | undefined>(undefined);
export const device = signal<WebDevice>("wasm");
export const opening = signal<Opening>({ state: "none" });
export const leftOut = signal<Chosen["leftOut"]>([]);
export const scoring = signal<Scoring>({ done: 0, total: 0, running: false });
/** The score that decides; undefined for the detector's first. */
export const wishedScore = signal<string | undefined>(undefined);
/** The false-alarm rate; undefined for the detector's own. */
export const wishedRate = signal<number | undefined>(undefined);

/** What has been scored; the version tells that there is more of it. */
let results: ScoredFile[] = [];
const version = signal(0);
const sentByWorker = signal(0);

/** What the page had sent before the first image was chosen: in a studio it asks its server for this and that. */
let sentBefore: number | undefined;

/** Bytes that page and worker have sent since images were chosen. */
export const sent = computed(() => {
  version.value;
  return sentByWorker.value + (sentBefore === undefined ? 0 : sentBytes() - sentBefore);
});

const ready = computed(() => (opening.value.state === "ready" ? opening.value.detector : undefined));

/** The score that decides. */
export const score = computed(() => {
  const scores = ready.value?.scores ?? [];
  return scores.find((name) => name === wishedScore.value) ?? scores[0];
});

/** The rates to choose from, and the one that decides. */
export const rates = computed(() => {
  const detector = ready.value;
  if (!detector || score.value === undefined) return undefined;
  const all = ratesFor(referenceCount(detector.manifest.calibration, score.value));
  const { decision } = detector.manifest;
  const wished = wishedRate.value ?? (decision?.kind === "false-alarm" ? decision.rate : 0.01);
  const nearest = all.reduce((best, rate) =>
    Math.abs(Math.log(rate / wished)) < Math.abs(Math.log(best / wished)) ? rate : best,
  );
  return { all, rate: wishedRate.value === undefined && all.length > 0 && wished >= all[0]! ? wished : nearest };
});

/** What is shown of the results. */
export const table = computed((): Rows | undefined => {
  version.value;
  const detector = ready.value;
  if (!detector || score.value === undefined || !rates.value || results.length === 0) return undefined;
  return judgeRows(results, detector.manifest.calibration, score.value, rates.value.rate);
});

let loading: AbortController | undefined;
let running: AbortController | undefined;

/** Opens a detector in the place of the one before, whose results are forgotten. */
export async function open(wanted: DetectorChoice, on: WebDevice = device.peek()): Promise<void> {
  close();
  const control = new AbortController();
  loading = control;
  batch(() => {
    choice.value = wanted;
    device.value = on;
    wishedScore.value = undefined;
    wishedRate.value = undefined;
    opening.value = { state: "loading", parts: {} };
  });
  try {
    const detector = await openWebDetector(wanted.source, {
      device: on,
      signal: control.signal,
      onProgress: (progress) => {
        const now = opening.peek();
        if (now.state === "loading" && loading === control) {
          opening.value = { state: "loading", parts: { ...now.parts, [progress.part]: progress } };
        }
      },
    });
    if (loading === control) opening.value = { state: "ready", detector };
    else detector.close();
  } catch (error) {
    if (loading !== control || control.signal.aborted) return;
    opening.value = { state: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

/** Ends the engine and gives its memory back; what was scored is forgotten. */
export function close(): void {
  loading?.abort();
  running?.abort();
  const now = opening.peek();
  if (now.state === "ready") now.detector.close();
  results = [];
  batch(() => {
    opening.value = { state: "none" };
    scoring.value = { done: 0, total: 0, running: false };
    leftOut.value = [];
    version.value++;
  });
}

/** How often the table is drawn while images are scored, ms. */
const redrawEvery = 250;

/** Scores files beside those that were scored before. */
export async function scoreFiles({ images, leftOut: others }: Chosen): Promise<void> {
  const detector = ready.peek();
  if (!detector || images.length === 0) {
    leftOut.value = others;
    return;
  }
  running?.abort();
  const control = new AbortController();
  running = control;
  leftOut.value = others;
  sentBefore ??= sentBytes();
  let done = 0;
  let drawn = performance.now();
  const show = (ended: boolean): void => {
    batch(() => {
      scoring.value = { done, total: images.length, running: !ended };
      sentByWorker.value = detector.sentBytes();
      version.value++;
    });
  };
  show(false);
  try {
    for await (const file of detector.score(images, { signal: control.signal, thumbnail: thumbnailSide })) {
      if (control.signal.aborted) break;
      results.push(file);
      done++;
      if (performance.now() - drawn < redrawEvery) continue;
      show(false);
      drawn = performance.now();
    }
  } catch (error) {
    if (!control.signal.aborted) report(error);
  } finally {
    if (running === control) {
      running = undefined;
      show(true);
    }
  }
}

/** Stops the scoring; what has been scored stays. */
export function stop(): void {
  running?.abort();
  running = undefined;
  batch(() => {
    scoring.value = { ...scoring.peek(), running: false };
    version.value++;
  });
}

/** Forgets what was scored. */
export function clear(): void {
  stop();
  results = [];
  batch(() => {
    scoring.value = { done: 0, total: 0, running: false };
    leftOut.value = [];
    version.value++;
  });
}
