/** The one table of tolerances: what counts as equal, by what is compared. */

/** `|got - expected| <= absolute + relative * |expected|`. */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

export const tolerances = {
  /** One op's results: the engine's float32 against float64. A few roundings of 6e-8, sums of some dozens of numbers. */
  value: { relative: 2e-6, absolute: 2e-6 },
  /** One op's gradients: the engine's float32 against float64. As values, through two or three more ops. */
  gradient: { relative: 1e-5, absolute: 1e-5 },
  /** One op's results or gradients on a graphics card, whose exponentials and divisions may be some dozen roundings off. */
  device: { relative: 1e-5, absolute: 1e-5 },
  /** float64 gradients against central differences of float64 values: truncation and cancellation at step 1e-5. */
  finiteDifference: { relative: 1e-6, absolute: 1e-7 },
  /** The same through a network, where the second derivative is larger. */
  networkDifference: { relative: 1e-5, absolute: 1e-6 },
  /** A network of a dozen ops: the engine's float32 against float64. */
  network: { relative: 1e-4, absolute: 1e-4 },
  /** There and back again in float32. */
  roundTrip: { relative: 1e-4, absolute: 1e-4 },
  /** A gradient by inverses against one from kept values, |difference| / |gradient| of a tensor: both roundings pass through every step of a flow. */
  inverted: { relative: 1e-4, absolute: 1e-8 },
  /** Two float64 computations of the same number. */
  double: { relative: 1e-12, absolute: 1e-12 },
} as const satisfies Record<string, Tolerance>;
