/** What a detector of local faults, or an expert on an encoder's features, says of images, which it sees at sizes of its own. */

/** A score for each of many images. */
export interface FaultTable {
  /** How far the most suspicious places stand out from normal ones, in standard deviations of a place, [count]. Higher = more anomalous. */
  readonly scores: Float64Array;
}

/** The rows of the images with the given indices, in that order. */
export function selectFaults({ scores }: FaultTable, images: ArrayLike<number>): FaultTable {
  return { scores: Float64Array.from(images, (image) => scores[image]!) };
}

/** The tables of successive batches as one. */
export function joinFaults(tables: readonly FaultTable[]): FaultTable {
  return { scores: Float64Array.from(tables.flatMap(({ scores }) => Array.from(scores))) };
}
