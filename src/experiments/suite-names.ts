/** The experiments that can be repeated. Apart from their data, so that help needs nothing else. */
export const suiteNames = ["fashion", "cifar", "medical", "quick"] as const;
/** The name of a suite. */
export type SuiteName = (typeof suiteNames)[number];
