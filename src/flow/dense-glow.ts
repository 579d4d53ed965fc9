/**
 * Fully-connected Glow (Schirrmeister et al. 2020, authors' code, invglow/models/glow.py): Glow's multi-scale skeleton, but inside a scale
 * nothing knows which features are neighbours. Each step is an ActNorm of every feature, a frozen random rotation of all features and a
 * coupling with a fully-connected network. Convolution does not explain what its likelihoods have in common with Glow's.
 */
import type { ImageShape } from "../base/index.ts";
import type { Bijector } from "./bijector.ts";
import { chain } from "./chain.ts";
import { denseCoupling } from "./dense-coupling.ts";
import { featureRotation } from "./feature-rotation.ts";
import type { Flow, FlowSize } from "./flow.ts";
import { multiScaleFlow } from "./multi-scale.ts";
import { dimensionNorm } from "./prior.ts";

function denseStep(shape: ImageShape, hidden: number): Bijector {
  return chain("step", {
    norm: dimensionNorm(shape),
    rotation: featureRotation(shape),
    coupling: denseCoupling(shape, hidden),
  });
}

/** A fully-connected Glow. Throws ConfigError for sizes that cannot be. */
export function makeDenseGlow(size: FlowSize): Flow {
  return multiScaleFlow("dense", size, (shape) => denseStep(shape, size.hidden));
}
