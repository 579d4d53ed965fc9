/** Whether there are normal images enough for what a score learns. */
import { RunError } from "../../base/index.ts";

/** What is learned, as an error calls it, what of an image has to be finite for it, and the fewest images that it takes. */
export interface Need {
  readonly subject: string;
  readonly numbers: string;
  readonly least: number;
}

/** Those images, a row each, whose numbers are all finite. Throws RunError for too few. */
export function finiteRows<Row extends { every(holds: (value: number) => boolean): boolean }>(
  rows: readonly Row[],
  { subject, numbers, least }: Need,
): Row[] {
  const finite = rows.filter((row) => row.every(Number.isFinite));
  if (finite.length >= least) return finite;
  throw new RunError({
    code: "too-few-images",
    subject,
    expected: `at least ${least} normal images with finite ${numbers}`,
    got: `${finite.length} of ${rows.length}`,
    remedy: { key: "other", text: "calibrate with more images" },
  });
}
