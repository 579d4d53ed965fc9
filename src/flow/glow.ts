/**
 * Glow (Kingma & Dhariwal 2018, section 3): multi-scale, each step an ActNorm, an invertible 1x1 convolution and an affine coupling, with the
 * sizes and the unconditional priors of (Schirrmeister et al. 2020, authors' code, invglow/models/glow.py).
 */
import type { ImageShape } from "../base/index.ts";
import { actNorm } from "./act-norm.ts";
import { affineCoupling } from "./affine-coupling.ts";
import type { Bijector } from "./bijector.ts";
import { chain } from "./chain.ts";
import { channelMixing } from "./channel-mixing.ts";
import type { Flow, FlowSize } from "./flow.ts";
import { multiScaleFlow } from "./multi-scale.ts";
import type { NetworkForm } from "./network-form.ts";

/** One step of Glow with `hidden` channels in its coupling network. */
export function glowStep(shape: ImageShape, hidden: number, form: NetworkForm): Bijector {
  return chain("step", { mixing: channelMixing(shape, form), coupling: affineCoupling(shape, hidden, form) });
}

/** A Glow. Throws ConfigError for sizes that cannot be. */
export function makeGlow(size: FlowSize, form: NetworkForm = "products"): Flow {
  return multiScaleFlow("glow", size, (shape) => glowStep(shape, size.hidden, form));
}

/**
 * A Glow whose priors are the same at every place, a mean and a deviation for each channel: its parameters fit images of any size, and beyond what
 * its couplings see a place has the same terms whatever image it is part of. Throws ConfigError for sizes that cannot be.
 */
export function makePlacelessGlow(size: FlowSize, form: NetworkForm = "products"): Flow {
  return multiScaleFlow("glow", size, (shape) => glowStep(shape, size.hidden, form), actNorm);
}
