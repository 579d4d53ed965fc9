/** What scorings and calibrations are asked for. Light: the server knows these schemas, the work is done elsewhere. */
import { z } from "zod";

/** What images of a set are: those that the calibration rests on, normal, anomalous, or nobody knows. */
export const setKinds = ["held-out", "normal", "anomalous", "unknown"] as const;

/** How the images of a set are opened, in layouts that have several sides. */
export function useOf(kind: SetKindName): "comparison" | "anomalies" {
  return kind === "anomalous" ? "anomalies" : "comparison";
}

/** A set to be scored. */
export const wantedSetSchema = z.strictObject({
  name: z.string().min(1).max(200),
  kind: z.enum(setKinds),
  /** Null for the images of the detector's calibration. */
  location: z.string().min(1).max(4096).nullable(),
});

/** What a scoring is asked for. */
export const scoringRequest = z.strictObject({
  /** The folder of the detector. */
  detector: z.string(),
  sets: z.array(wantedSetSchema).min(1).max(32),
  /** Whether images are measured as files of lossless coders. */
  coders: z.boolean(),
});

/** What a calibration is made of: images by their places in locations. */
export const calibratingRequest = z.strictObject({
  detector: z.string(),
  sets: z
    .array(
      z.strictObject({
        location: z.string(),
        use: z.enum(["comparison", "anomalies"]),
        /** Where the images stand, and what each is called there. */
        indices: z.array(z.number().int().min(0)),
        names: z.array(z.string()),
      }),
    )
    .min(1),
});

export type CalibratingRequest = z.output<typeof calibratingRequest>;
export type ScoringRequest = z.output<typeof scoringRequest>;
export type SetKindName = (typeof setKinds)[number];
