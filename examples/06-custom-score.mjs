// A score of your own: any function of the scores that are there, with p-values from normal images that nothing was trained on.
import { loadDetector, predict } from "outglow";

const [folder, normal, images] = process.argv.slice(2);
const detector = await loadDetector(folder);

/** How much of an image's surprise is in the coarse scale: shapes rather than texture. */
const coarseness = ({ scores }) => scores["scale-1"] - scores["scale-0"];

const references = [];
for await (const row of predict(detector, normal)) references.push(coarseness(row));

for await (const row of predict(detector, images)) {
  const score = coarseness(row);
  const pValue = (1 + references.filter((other) => other >= score).length) / (references.length + 1);
  console.log(row.file, score.toFixed(1), pValue.toFixed(3));
}
await detector.dispose();
