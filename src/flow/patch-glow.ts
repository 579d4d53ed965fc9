/**
 * Local Glow (Schirrmeister et al. 2020, authors' code, invglow/models/patch_glow.py): one single-scale Glow of 8x8 patches. All patches of an
 * image share its weights and its prior: log p(image) = sum over its patches of log p(patch), so that it never sees beyond a patch. Here it
 * has an inverse, and so samples; the authors' has none.
 */
import { ConfigError, setting } from "../base/index.ts";
import { checkSize, type Flow, type FlowSize, flowOfScales } from "./flow.ts";
import { glowStep } from "./glow.ts";
import { squeezedSteps } from "./multi-scale.ts";
import type { NetworkForm } from "./network-form.ts";
import { patchwise } from "./patchwise.ts";
import { dimensionNorm } from "./prior.ts";

/** Side of the authors' patches. */
const paperSide = 8;

/**
 * A local Glow over patches of `side` by `side` pixels. Throws ConfigError for sizes that cannot be: patches must fill the image, and
 * there is one scale.
 */
export function makePatchGlow(size: FlowSize, form: NetworkForm = "products", side = paperSide): Flow {
  checkSize("patch", size);
  const { channels, height, width, scales, depth, hidden } = size;
  if (scales !== 1) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: "patch",
      expected: "1 scale",
      got: String(scales),
      remedy: { key: "other", text: `leave ${setting("scales")} out, or choose ${setting("architecture", "glow")}` },
    });
  }
  if (side % 2 !== 0)
    throw new ConfigError({
      code: "out-of-range",
      subject: "patch",
      expected: "patches of an even side",
      got: String(side),
      remedy: { key: "choose-another" },
    });
  if (height % side !== 0 || width % side !== 0) {
    throw new ConfigError({
      code: "out-of-range",
      subject: "patch",
      expected: `a size divisible by the patches' ${side}`,
      got: `${height}x${width}`,
      remedy: { key: "other", text: `choose a size such as ${2 * side} or ${4 * side}, or do without patches` },
    });
  }
  const ofPatch = squeezedSteps("scale0", { channels, height: side, width: side }, depth, (shape) =>
    glowStep(shape, hidden, form),
  );
  const steps = patchwise(ofPatch, { channels, height, width });
  const latent = steps.outputShape;
  const prior = patchwise(dimensionNorm(ofPatch.outputShape), latent);
  return flowOfScales(size, [{ name: "scale0", steps, priorName: "prior0", prior, latent, last: true }]);
}
