/** What `outglow benchmark` measures. */

/** A model and a batch to measure. */
export interface BenchmarkCase {
  readonly name: string;
  readonly channels: number;
  readonly depth: number;
  readonly width: number;
  readonly batch: number;
  readonly work: "train" | "score";
}

const small = { channels: 1, depth: 6, width: 64 } as const;
const medium = { channels: 3, depth: 8, width: 128 } as const;
const paper = { channels: 3, depth: 32, width: 512 } as const;

/** What is measured by default, smallest first; all at 32x32 with 3 scales. */
export const benchmarkCases: readonly BenchmarkCase[] = [
  { name: "grey-train", ...small, batch: 64, work: "train" },
  { name: "colour-train", ...medium, batch: 64, work: "train" },
  { name: "colour-score-1", ...medium, batch: 1, work: "score" },
  { name: "colour-score-16", ...medium, batch: 16, work: "score" },
  { name: "colour-score-256", ...medium, batch: 256, work: "score" },
  { name: "paper-train", ...paper, batch: 16, work: "train" },
];
