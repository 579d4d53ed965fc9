/** The form of a calibration inside `detector.json`. */
import { z } from "zod";
import type { AnyRule, Calibration, FitKind, ScoreFit } from "../score/index.ts";

const numbers = z.array(z.number());
const marginalSchema = z.strictObject({ quantiles: numbers.min(2), scores: numbers.min(2) });

const hierarchySchema = z.strictObject({
  kind: z.literal("hierarchy"),
  featureNames: z.array(z.string()),
  densities: z
    .array(
      z.strictObject({
        marginals: z.array(marginalSchema),
        mean: numbers,
        standardDeviation: numbers,
        cholesky: z.array(numbers),
      }),
    )
    .min(1),
  shrinkage: z.number(),
  count: z.number().int(),
});

const spread = { mean: z.number(), deviation: z.number() };
const count = z.number().int();
const joinedSchema = z.strictObject({
  kind: z.literal("joined"),
  rule: z.enum(["worst", "sum"]),
  experts: z
    .array(
      z.strictObject({
        name: z.string(),
        heard: z.boolean(),
        areas: z.record(z.string(), z.number()),
        marginal: marginalSchema,
      }),
    )
    .min(2)
    .refine((experts) => experts.some(({ heard }) => heard), { error: "expected somebody who is heard" }),
  families: z.record(z.string(), z.strictObject({ joined: z.number(), best: z.number() })),
  count: z.number().int(),
  trials: z.number().int(),
});

/** The form of every kind of fit. */
const fitSchemas = {
  hierarchy: hierarchySchema,
  typicality: z.strictObject({
    kind: z.literal("typicality"),
    mean: z.number(),
    scales: z.array(z.strictObject(spread)).min(1),
    count,
  }),
  "state-density": z.strictObject({
    kind: z.literal("state-density"),
    statistics: z.array(z.string()),
    densities: z.array(z.strictObject({ ...spread, centres: numbers.min(1), bandwidth: z.number() })),
    count,
  }),
  complexity: z.strictObject({
    kind: z.literal("complexity"),
    centres: z.array(z.tuple([z.number(), z.number()])).min(1),
    cholesky: z.array(numbers),
    count,
  }),
  whitening: z.strictObject({
    kind: z.literal("whitening"),
    shape: z.strictObject({ channels: count.min(1), height: count.min(1), width: count.min(1) }),
    mean: numbers,
    filters: z.array(numbers),
    deviation: numbers,
    noise: z.strictObject(spread),
    count,
  }),
  latents: z.strictObject({
    kind: z.literal("latents"),
    names: z.array(z.string()),
    marginals: z.array(marginalSchema),
    count,
  }),
  gradients: z.strictObject({
    kind: z.literal("gradients"),
    tensors: z.array(z.strictObject({ name: z.string(), ...spread, logMean: z.number() })),
    count,
  }),
  joined: joinedSchema,
} satisfies { readonly [Kind in FitKind]: z.ZodType<Extract<ScoreFit, { readonly kind: Kind }>> };

const [firstFit, ...otherFits] = Object.values(fitSchemas);

/** Checked against the type that `calibrate` gives. */
const calibrationSchema: z.ZodType<Calibration> = z.preprocess(
  withFits,
  z.strictObject({
    count: z.number().int().min(1),
    counts: z.record(z.string(), z.number().int().min(1)).optional(),
    scores: z.record(z.string(), numbers),
    fits: z.record(z.string(), z.discriminatedUnion("kind", [firstFit!, ...otherFits])),
  }),
);

const rate = z.number().gt(0).lt(1);

/** How images are marked unless somebody asks for another rule. */
export const ruleSchema: z.ZodType<AnyRule> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("false-alarm"), rate }),
  z.strictObject({
    kind: z.literal("budget"),
    images: z.number().min(0),
    expected: z.number().int().min(1),
    certainty: rate.exactOptional(),
  }),
  z.strictObject({ kind: z.literal("score"), above: z.number() }),
  z.strictObject({ kind: z.literal("false-discovery"), share: rate }),
]);

/**
 * What of a manifest `recalibrating.ts` replaces. The optional fields are there only where it did, so that programs that do not know them
 * read every other detector.
 */
export const calibrationFields = {
  defaultScore: z.string(),
  calibration: calibrationSchema,
  decision: ruleSchema.optional(),
  /** The normal images of the calibration where they are not the held-out ones of the training. */
  calibrated: z
    .strictObject({
      location: z.string(),
      count: z.number().int().min(1),
      /** SHA-256 of the prepared pixels, hexadecimal. */
      fingerprint: z.string(),
      /** Where a group counts once: how many there were, and how an image's name gave its group. */
      groups: z.strictObject({ count: z.number().int().min(2), by: z.string() }).nullable(),
    })
    .optional(),
};

/** Earlier programs knew fits of the hierarchy score alone, and kept them under its name. */
function withFits(calibration: unknown): unknown {
  const earlier = z.looseObject({ hierarchy: z.record(z.string(), z.looseObject({})) });
  const parsed = earlier.safeParse(calibration);
  if (!parsed.success) return calibration;
  const { hierarchy, ...rest } = parsed.data;
  const fits = Object.fromEntries(
    Object.entries(hierarchy).map(([name, fit]) => [name, { kind: "hierarchy", ...withDensities(fit) }]),
  );
  return { ...rest, fits };
}

/** Fits of earlier programs were one Gaussian over the features themselves: the same as straight marginals. */
function withDensities(fit: object): object {
  const earlier = z.object({ mean: numbers, standardDeviation: numbers, cholesky: z.array(numbers) });
  const parsed = earlier.safeParse(fit);
  if (!parsed.success) return fit;
  const { mean, standardDeviation, cholesky, ...rest } = fit as z.infer<typeof earlier>;
  const marginals = mean.map((value, j) => ({
    quantiles: [value - standardDeviation[j]!, value + standardDeviation[j]!],
    scores: [-1, 1],
  }));
  const density = { marginals, mean: mean.map(() => 0), standardDeviation: mean.map(() => 1), cholesky };
  return { ...rest, densities: [density] };
}
