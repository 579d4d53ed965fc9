/** A run as its page follows it: the log folded into a summary, curves and lines. Pure. */
import { foldLine, type RunLine, type RunSummary, untold } from "../../src/studio/portable.ts";

/** The curve of one model: of every step that was told, thinned out where there are very many. */
export interface PhaseCurve {
  readonly model: string;
  readonly steps: number[];
  readonly loss: number[];
  /** As it was told, and smoothed. */
  readonly bits: (number | null)[];
  readonly smooth: (number | null)[];
  readonly heldOut: (number | null)[];
}

/** A line of the log as it is shown. */
export interface ShownLine {
  readonly id: number;
  readonly at: number;
  readonly kind: "plain" | "warning" | "bad" | "held-out";
  readonly text: string;
}

/** Everything that a page keeps of a run. */
export interface RunView {
  summary: RunSummary;
  readonly curves: PhaseCurve[];
  readonly lines: ShownLine[];
  readonly pictures: { readonly name: string; readonly text: string }[];
  /** Lines that were let go. */
  dropped: number;
}

/** Of a run of which nothing was heard. */
export function emptyView(): RunView {
  return { summary: untold, curves: [], lines: [], pictures: [], dropped: 0 };
}

/** Points of a curve, and lines of the log, that are kept. */
const mostPoints = 4000;
const mostLines = 5000;
const memory = 0.9;

/** Takes one more line of the log into a view, in place. */
export function hear(view: RunView, id: number, line: RunLine): void {
  view.summary = foldLine(view.summary, line);
  if (line.kind === "phase") beginCurve(view, line.model, line.fromStep);
  if (line.kind === "step") addPoint(view, line);
  if (line.kind === "picture") view.pictures.push({ name: line.name, text: line.text });
  const shown = wordsOf(line);
  if (!shown) return;
  view.lines.push({ id, at: line.at, ...shown });
  if (view.lines.length <= mostLines) return;
  const drop = view.lines.length - mostLines;
  view.lines.splice(0, drop);
  view.dropped += drop;
}

/** A training that goes on from a checkpoint takes some steps again. */
function beginCurve({ curves }: RunView, model: string, fromStep: number): void {
  const last = curves.at(-1);
  if (last?.model !== model) {
    curves.push({ model, steps: [], loss: [], bits: [], smooth: [], heldOut: [] });
    return;
  }
  while (last.steps.length > 0 && last.steps.at(-1)! > fromStep) {
    for (const column of [last.steps, last.loss, last.bits, last.smooth, last.heldOut]) column.pop();
  }
}

function addPoint({ curves }: RunView, line: Extract<RunLine, { kind: "step" }>): void {
  const curve = curves.at(-1);
  if (!curve) return;
  const bits = line.bits ?? null;
  const before = curve.smooth.at(-1) ?? null;
  curve.steps.push(line.step);
  curve.loss.push(line.loss);
  curve.bits.push(bits);
  curve.smooth.push(bits === null || before === null ? bits : memory * before + (1 - memory) * bits);
  curve.heldOut.push(line.heldOut ?? null);
  if (curve.steps.length > mostPoints) thin(curve);
}

/** Leaves out every second point without a held-out value. */
function thin({ steps, loss, bits, smooth, heldOut }: PhaseCurve): void {
  const keep = steps.map((_, index) => index % 2 === 1 || heldOut[index] !== null);
  const columns: (number | null)[][] = [steps, loss, bits, smooth, heldOut];
  for (const column of columns) {
    const kept = column.filter((_, index) => keep[index]);
    column.length = 0;
    column.push(...kept);
  }
}

function wordsOf(line: RunLine): Pick<ShownLine, "kind" | "text"> | undefined {
  switch (line.kind) {
    case "state":
      if (line.state === "failed") return { kind: "bad", text: line.message };
      return { kind: "plain", text: line.state === "running" ? "begins to work" : line.state };
    case "stage":
      return { kind: "plain", text: line.text };
    case "phase": {
      const limits = [
        ...(line.steps === null ? [] : [`${line.steps} steps`]),
        ...(line.seconds === null ? [] : [`${Math.round(line.seconds)} s`]),
      ];
      const from = line.fromStep === 0 ? "" : `, going on from step ${line.fromStep}`;
      return { kind: "plain", text: `training the ${line.model} model (${limits.join(" or ")}${from})` };
    }
    case "step":
      if (line.heldOut === undefined) return undefined;
      return { kind: "held-out", text: `step ${line.step}: held out ${line.heldOut.toFixed(4)} bits/dim` };
    case "progress":
      if (line.done < line.total) return undefined;
      return { kind: "plain", text: `${line.task} ${line.subject}: ${line.done} of ${line.total}` };
    case "skipped": {
      const named = line.problems.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
      const more = line.count > line.problems.length ? `; and ${line.count - line.problems.length} more` : "";
      return { kind: "warning", text: `skipped ${line.count}: ${named}${more}` };
    }
    case "note":
      return { kind: "plain", text: line.text };
    case "warning":
      return { kind: "warning", text: line.text };
    case "picture":
      return { kind: "plain", text: line.text };
    case "faults":
      return undefined;
  }
}
