/** What a score is: one record, with the fit on normal images that it may need. */
import { internalError } from "../../base/index.ts";
import type { ScoreSource } from "../tables/sources.ts";
import type { ModelTerms } from "../tables/terms.ts";
import type { FitKind, FitOf, ScoreFit } from "./fits.ts";

/** What scores are counted in: nats, or standard deviations of what normal images show in one place. */
export type ScoreUnit = "nats" | "deviations";

/** A score that is a sum of terms of a flow, and so has a map. */
export interface TermSum {
  /** Of this scale alone; where absent, of all scales. */
  readonly scale?: number | undefined;
  /** The flow whose same terms are taken off. */
  readonly less?: "general" | "local" | undefined;
}

/** What one score is and how it is made. */
export interface ScoreDefinition {
  readonly name: string;
  readonly unit: ScoreUnit;
  /** What it draws from beside the normal model. */
  readonly needs: readonly ScoreSource[];
  /** Whether it is about a flow's scales or latents, so that a model without any cannot have it. */
  readonly ofScales?: true;
  /** One line for help and reports. */
  readonly description: string;
  /** Who it is by. */
  readonly paper: string;
  /** The scores of all images, [count]. `fit` is one of the record's own kind, for those that have one; `others` measures other scores. */
  readonly measure: (
    terms: ModelTerms,
    fit: ScoreFit | undefined,
    others: (name: string) => Float64Array,
  ) => Float64Array;
  /** Of which terms it is minus the sum. Absent where it is no such sum. */
  readonly sum?: TermSum;
  /** The kind of fit that `measure` needs. Absent where terms are enough. */
  readonly fit?: FitKind;
  /** Learns it from held-out normal images. Absent where no fit is needed, and where more than terms are (`joined.ts`). */
  readonly learn?: (terms: ModelTerms) => ScoreFit;
  /** Whether it is one of those that the joined score is made of: they differ in what they see, and cost a pass that is made anyway, or little. */
  readonly expert?: true;
}

/** The part of a record that a fit of this kind makes: how it is learned from normal images, and the score with it. */
export function fitted<Kind extends FitKind>(
  kind: Kind,
  learn: (terms: ModelTerms) => FitOf<Kind>,
  measure: (fit: FitOf<Kind>, terms: ModelTerms) => Float64Array,
): Pick<ScoreDefinition, "fit" | "learn" | "measure"> {
  return {
    fit: kind,
    learn: (terms) => ({ kind, ...learn(terms) }) as unknown as ScoreFit,
    measure: (terms, fit) => {
      if (fit?.kind !== kind) throw internalError(`a fit of kind ${fit?.kind ?? "none"} for one of kind ${kind}`);
      return measure(fit as unknown as FitOf<Kind>, terms);
    },
  };
}
