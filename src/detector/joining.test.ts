/** What a new detector keeps of scores that are measured on demand, and what it measures from then on. */
import { expect, test } from "vitest";
import type { Calibration } from "../score/index.ts";
import { withoutUnheard } from "./joining.ts";
import type { Manifest } from "./manifest.ts";
import { measuredFor } from "./score-sources.ts";

/** A calibration with both scores of pixels, whose joined score hears the ratio and perhaps one of them. */
function calibrationWith(heard: boolean): Calibration {
  const shape = { channels: 1, height: 1, width: 1 };
  const noise = { mean: 0, deviation: 1 };
  const whitening = { kind: "whitening", shape, mean: [0], filters: [[]], deviation: [1], noise, count: 9 } as const;
  const marginal = { quantiles: [-1, 1], scores: [0, 1] };
  const experts = [
    { name: "ratio", heard: true, areas: {}, marginal },
    { name: "whitening", heard, areas: {}, marginal },
  ];
  const joined = { kind: "joined", rule: "sum", experts, families: {}, count: 9, trials: 9 } as const;
  const scores = { joined: [1], ratio: [1], whitening: [1], "whitening-likelihood": [1] };
  return { count: 1, scores, fits: { joined, whitening, "whitening-likelihood": whitening } };
}

test.each([true, false])("pixels are looked at where the joined score hears what they say: %s", (heard) => {
  const calibration = withoutUnheard(calibrationWith(heard), 1);
  expect(Object.keys(calibration.scores)).toEqual(["joined", "ratio", ...(heard ? ["whitening"] : [])]);
  expect(Object.keys(calibration.fits)).toEqual(["joined", ...(heard ? ["whitening"] : [])]);

  const models = { normal: {}, general: {}, local: null, classifier: null };
  const manifest = { models, training: { model: { scales: 1 } }, faults: null, calibration } as unknown as Manifest;
  expect(measuredFor(manifest, ["joined"])).toEqual(heard ? ["pixels"] : []);
  expect(measuredFor(manifest, ["ratio"])).toEqual([]);
  expect(measuredFor(manifest, ["whitening", "latent-fit"])).toEqual(["pixels", "latents"]);
});
