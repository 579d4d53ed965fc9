// A drift alarm: images come one after another, and it is told when they are no longer like those of the calibration, however long it takes.

import { loadDetector, predict } from "outglow";
import { randomKey } from "outglow/base";
import { advanceWatch } from "outglow/score";
import { beginDrift, columnsOf, describeDrift } from "outglow/workflow";

const [folder, images] = process.argv.slice(2);
const detector = await loadDetector(folder);
const { manifest } = detector;
const key = randomKey(1);
const begun = beginDrift(manifest, manifest.defaultScore, key);
if ("shortage" in begun) throw new Error(begun.shortage);

let { watch } = begun; // plain data: keep it in a file between two images if you like
let news = [];
for await (const row of predict(detector, images)) {
  watch = advanceWatch(watch, columnsOf(Object.keys(watch.columns), [row], manifest.defaultScore), key);
  news = describeDrift(watch, 0.01, manifest);
  if (news.length > 0) break;
}
console.log(news.length > 0 ? `drift: ${news.map(({ words }) => words).join("; ")}` : "no drift");
await detector.dispose();
