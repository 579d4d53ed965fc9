/**
 * What scores learn from held-out normal images: plain data, safe to keep as JSON, with the name of its kind. Add a kind by adding it to `FitKinds`;
 * the compiler then asks for its schema in `detector/calibration-schema.ts`.
 */

import { internalError } from "../../base/index.ts";
import type { ExpertChoice } from "../joining/expert-choice.ts";
import type { ComplexityFit } from "./complexity.ts";
import type { GradientFit } from "./gradient-scores.ts";
import type { HierarchyFit } from "./hierarchy.ts";
import type { LatentFit } from "./latent-fit.ts";
import type { StateDensityFit } from "./state-density.ts";
import type { TypicalityFit } from "./typicality.ts";
import type { WhiteningFit } from "./whitening.ts";

/** Every kind of fit, by the name that files know it by. */
interface FitKinds {
  readonly hierarchy: HierarchyFit;
  readonly typicality: TypicalityFit;
  readonly "state-density": StateDensityFit;
  readonly complexity: ComplexityFit;
  readonly whitening: WhiteningFit;
  readonly latents: LatentFit;
  readonly gradients: GradientFit;
  readonly joined: ExpertChoice;
}

/** The name of a kind of fit. */
export type FitKind = keyof FitKinds;

/** A fit of a kind, without the kind's name. */
export type FitOf<Kind extends FitKind> = FitKinds[Kind];

/** A fit that says of which kind it is. */
export type ScoreFit = { readonly [Kind in FitKind]: { readonly kind: Kind } & FitKinds[Kind] }[FitKind];

/** The fits of the scores that need one, by score name. A Calibration is one. */
export interface ScoreFits {
  readonly fits: Readonly<Record<string, ScoreFit>>;
}

/** The choice of a joined score. Throws an internal error for a fit of another kind. */
export function choiceIn(fit: ScoreFit | undefined): ExpertChoice {
  if (fit?.kind !== "joined") throw internalError("a joined score without a choice of experts");
  return fit;
}
