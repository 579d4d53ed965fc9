/** The architectures that a model can have (paper, sections 1.1 to 1.3): a record each. */
import { makeDenseGlow } from "./dense-glow.ts";
import type { Flow, FlowSize } from "./flow.ts";
import { makeGlow } from "./glow.ts";
import type { NetworkForm } from "./network-form.ts";
import { makePatchGlow } from "./patch-glow.ts";

interface ArchitectureDefinition {
  make(size: FlowSize, form: NetworkForm): Flow;
  /** Scales where none are asked for. */
  readonly defaultScales: number;
}

const definitions = {
  glow: { make: makeGlow, defaultScales: 3 },
  patch: { make: makePatchGlow, defaultScales: 1 },
  dense: { make: makeDenseGlow, defaultScales: 3 },
} as const satisfies Record<string, ArchitectureDefinition>;

/** How a flow is built: Glow, local Glow of 8x8 patches, fully-connected Glow. */
export type Architecture = keyof typeof definitions;

/** The names of all architectures. */
export const architectures = Object.keys(definitions) as readonly Architecture[];

/** The size of a flow and how it is built. */
export interface FlowConfiguration extends FlowSize {
  readonly architecture: Architecture;
}

/**
 * A flow of any architecture, its convolutional networks in a form: products to train it, convolutions to score with constant weights.
 * Throws ConfigError for sizes that cannot be.
 */
export function makeFlow({ architecture, ...size }: FlowConfiguration, form: NetworkForm = "products"): Flow {
  return definitions[architecture].make(size, form);
}

/** The number of scales of an architecture where none is asked for. */
export function defaultScales(architecture: Architecture): number {
  return definitions[architecture].defaultScales;
}
