/** The architectures that a model can have, those of (Schirrmeister et al. 2020): a record each. */
import type { Architecture } from "../base/index.ts";
import { makeDenseGlow } from "./dense-glow.ts";
import type { Flow, FlowSize } from "./flow.ts";
import { makeGlow } from "./glow.ts";
import { stepScopes } from "./multi-scale.ts";
import type { NetworkForm } from "./network-form.ts";
import { makePatchGlow } from "./patch-glow.ts";

interface ArchitectureDefinition {
  make(size: FlowSize, form: NetworkForm): Flow;
  /** Scales where none are asked for. */
  readonly defaultScales: number;
  /** The scopes of its repeated parts, as a regular expression: activations are recomputed one part at a time. */
  readonly repeated: string;
}

const definitions: { readonly [Name in Architecture]: ArchitectureDefinition } = {
  glow: { make: makeGlow, defaultScales: 3, repeated: stepScopes },
  patch: { make: makePatchGlow, defaultScales: 1, repeated: stepScopes },
  dense: { make: makeDenseGlow, defaultScales: 3, repeated: stepScopes },
};

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

/** The scopes of the repeated parts of every architecture, as regular expressions. */
export const repeatedScopes: readonly string[] = [
  ...new Set(Object.values(definitions).map(({ repeated }) => repeated)),
];

/** The number of scales of an architecture where none is asked for. */
export function defaultScales(architecture: Architecture): number {
  return definitions[architecture].defaultScales;
}
