/** What a benchmark measures. Light: a command line shows the names as its help. */
import { ConfigError, type MemoryMode, nearestSpelling, setting } from "../base/index.ts";

/** What is measured: a flow of whole images, networks of local faults, or flows of cells. */
export type BenchmarkModel = "glow" | "faults" | "cells";

/** A model and a batch to measure. */
export interface BenchmarkCase {
  readonly name: string;
  readonly model: BenchmarkModel;
  readonly channels: 1 | 3;
  /** Height and width of the images. */
  readonly side: number;
  /** Flow steps a scale; networks of local faults have one depth. */
  readonly depth: number;
  readonly width: number;
  readonly batch: number;
  readonly work: "train" | "score";
  /** Whether the gradient keeps hidden activations (fast), makes them again (low) or makes everything again by the flow's inverse (least). */
  readonly memory: Exclude<MemoryMode, "auto">;
  /** Whether other programs are measured beside it: they have no way to spend less memory. */
  readonly compared: boolean;
}

const usual = { model: "glow", side: 32, memory: "fast", compared: true } as const;
const small = { ...usual, channels: 1, depth: 6, width: 64 } as const;
const medium = { ...usual, channels: 3, depth: 8, width: 128 } as const;
/** Wide images, where what steps keep is most of the memory. */
const large = {
  ...usual,
  channels: 3,
  side: 128,
  depth: 32,
  width: 64,
  batch: 16,
  work: "train",
  compared: false,
} as const;
const paper = { ...usual, channels: 3, depth: 32, width: 512 } as const;
/** The detectors of places as they are by default; others have none of them. */
const places = { memory: "fast", compared: false, channels: 3, batch: 1, work: "score" } as const;
const faults = { ...places, model: "faults", depth: 1, width: 16 } as const;
const cells = { ...places, model: "cells", depth: 4, width: 32 } as const;

/** What is measured by default: flows of 3 scales, smallest first, then what looks at places. */
export const benchmarkCases: readonly BenchmarkCase[] = [
  { name: "grey-train", ...small, batch: 64, work: "train" },
  { name: "colour-train", ...medium, batch: 64, work: "train" },
  { name: "colour-score-1", ...medium, batch: 1, work: "score" },
  { name: "colour-score-16", ...medium, batch: 16, work: "score" },
  { name: "colour-score-256", ...medium, batch: 256, work: "score" },
  { name: "paper-train", ...paper, batch: 16, work: "train" },
  { name: "paper-train-low", ...paper, batch: 16, work: "train", memory: "low", compared: false },
  { name: "deep-train-low", ...paper, depth: 64, batch: 16, work: "train", memory: "low", compared: false },
  { name: "deep-train-least", ...paper, depth: 64, batch: 16, work: "train", memory: "least", compared: false },
  { name: "large-train-low", ...large, memory: "low" },
  { name: "large-train-least", ...large, memory: "least" },
  { name: "faults-train", ...faults, side: 64, batch: 16, work: "train" },
  { name: "faults-score-1024", ...faults, side: 1024 },
  { name: "faults-score-2048", ...faults, side: 2048 },
  { name: "cells-score-1024", ...cells, side: 1024 },
];

/** The case of a name. Throws ConfigError where there is none. */
export function caseNamed(name: string): BenchmarkCase {
  const found = benchmarkCases.find((one) => one.name === name);
  if (found) return found;
  const names = benchmarkCases.map((one) => one.name);
  throw new ConfigError({
    code: "unknown-name",
    subject: setting("case"),
    expected: names.join(", "),
    got: `'${name}'`,
    remedy: { key: "did-you-mean", name: nearestSpelling(name, names) ?? names[0]! },
  });
}
