/** The architectures that a model can have, the flows of (Schirrmeister et al. 2020) and the other family that they compare with: a record each. */
import type { Architecture } from "../base/index.ts";
import { makeDenseGlow } from "./dense-glow.ts";
import type { Flow, FlowSize } from "./flow.ts";
import { makeGlow } from "./glow.ts";
import { stepScopes } from "./multi-scale.ts";
import type { NetworkForm } from "./network-form.ts";
import { makePatchGlow } from "./patch-glow.ts";
import { pixelBlockScopes } from "./pixel-network.ts";
import { makePixelCnn } from "./pixelcnn.ts";

interface ArchitectureDefinition {
  make(size: FlowSize, form: NetworkForm): Flow;
  /** Sizes where none are asked for. */
  readonly defaults: DefaultSizes;
  /** The scopes of its repeated parts, as a regular expression: activations are recomputed one part at a time. */
  readonly repeated: string;
}

/** Sizes of a model where none are asked for; 0 scales for one that has none. */
export type DefaultSizes = Pick<FlowSize, "scales" | "depth" | "hidden">;

const steps = { depth: 8, hidden: 96 } as const;

const definitions: { readonly [Name in Architecture]: ArchitectureDefinition } = {
  glow: { make: makeGlow, defaults: { scales: 3, ...steps }, repeated: stepScopes },
  patch: { make: makePatchGlow, defaults: { scales: 1, ...steps }, repeated: stepScopes },
  dense: { make: makeDenseGlow, defaults: { scales: 3, ...steps }, repeated: stepScopes },
  pixelcnn: { make: makePixelCnn, defaults: { scales: 0, depth: 1, hidden: 24 }, repeated: pixelBlockScopes },
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

/** The sizes of an architecture where none are asked for. */
export function defaultSizes(architecture: Architecture): DefaultSizes {
  return definitions[architecture].defaults;
}
