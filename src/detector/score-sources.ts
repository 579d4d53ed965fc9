/** What the scores of a saved detector can draw from. */
import type { ScoreSource } from "../score/index.ts";
import type { Manifest } from "./manifest.ts";

/** The sources of a detector: its models beside the normal one, and coders, which need no model. */
export function detectorSources({ models }: Manifest): ReadonlySet<ScoreSource> {
  return new Set<ScoreSource>([...(models.general ? (["general"] as const) : []), "coders"]);
}
