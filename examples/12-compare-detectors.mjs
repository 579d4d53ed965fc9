// Two detectors on the same images: is one better, or is the difference noise?
import { evaluate, loadDetector } from "outglow";

const [first, second, normal, bad] = process.argv.slice(2);
const detector = await loadDetector(first);
const other = await loadDetector(second);
const report = await evaluate(detector, {
  normal,
  anomalous: [{ name: "bad", location: bad }],
  against: [other],
  coders: false,
});
for (const { sentence } of report.comparisons) console.log(sentence);
await detector.dispose();
await other.dispose();
