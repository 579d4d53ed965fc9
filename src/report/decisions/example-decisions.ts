/** A made-up page about decisions for tests: two labelled sets, one unlabelled, names that would break a page that does not escape. */
import { type RandomStream, randomKey } from "../../base/index.ts";
import { scoreThreshold } from "../../score/index.ts";
import type { DecisionReport } from "./decision-report.ts";

/** A name that a page must not take for markup. */
export const nastyName = `</script><script>alert("x")</script> & 'quotes'`;

const draw = (stream: RandomStream, count: number, mean: number, deviation: number): Float64Array =>
  Float64Array.from({ length: count }, () => mean + deviation * stream.normal());

/** The page with thumbnails and maps as given, each a PNG. Every number follows from a fixed seed. */
export function exampleDecisions(thumbnail: Uint8Array, map: Uint8Array): DecisionReport {
  const stream = randomKey("example decisions").stream();
  const references = draw(stream, 999, 40, 6).sort();
  const calibration = { count: 999, scores: { made: Array.from(references) }, fits: {} };
  const threshold = scoreThreshold(calibration, "made", 0.01);
  const sets = [
    { name: "good parts", kind: "normal", scores: draw(stream, 800, 40, 6) },
    { name: `scratches ${nastyName}`, kind: "anomalous", scores: draw(stream, 300, 62, 9) },
    { name: "line 3, Monday", kind: "unlabelled", scores: draw(stream, 1600, 40.5, 6) },
  ] as const;
  sets[1].scores[0] = Number.POSITIVE_INFINITY;
  sets[1].scores[1] = 900;
  const image = (name: string, score: number) => ({
    name,
    score,
    pValue: 0.0123,
    set: "line 3, Monday",
    thumbnail,
    map,
  });
  return {
    title: `Decisions of parts ${nastyName}`,
    score: { name: "hierarchy", unit: "nats", description: "distance of all terms from those of normal images" },
    rule: "At most 1 % of normal images are marked, on average.",
    threshold,
    sets,
    reference: { count: 999, scores: Array.from(references) },
    remarks: ["The fault detector spoke for 30 of them."],
    scales: [0, 1].map((scale) => ({
      name: scale === 0 ? "scale 0, fine texture" : "scale 1, coarse content",
      values: sets.map(({ scores }) =>
        Array.from(scores, (score) => (scale === 0 ? score / 2 : Math.sqrt(Math.abs(score)))),
      ),
    })),
    galleries: [
      {
        heading: "Most anomalous",
        images: [
          image(nastyName, Number.POSITIVE_INFINITY),
          ...Array.from({ length: 29 }, (_, index) => image(`camera-3/2026-11-26/part-${index}.png`, 75 - index)),
        ],
      },
      { heading: "Least anomalous", images: [image("plain.png", 20)] },
    ],
    inputs: [
      { name: "good parts", read: 800, skipped: [] },
      { name: "line 3, Monday", read: 1600, skipped: [{ count: 3, reason: "unreadable" }] },
    ],
    settings: [["score", "hierarchy"]],
    commands: [`outglow predict parts ${nastyName}`],
    footer: "outglow 0.1.0",
  };
}
