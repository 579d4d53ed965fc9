// A camera writes into a folder: every image is scored once, also after a crash, and what is odd or drifts is told.
import { loadDetector } from "outglow";
import { watchFolder } from "outglow/workflow";

const [folder, incoming, once] = process.argv.slice(2);
const detector = await loadDetector(folder);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const request = {
  folder: incoming,
  out: `${incoming}/journal.jsonl`,
  falseAlarm: 0.05,
  settle: 0,
  once: once === "--once",
};
const listeners = {
  onRow: ({ file, pValue }) => console.log(file, pValue),
  onAnomaly: async ({ file }) => console.log("stop the line:", file),
  onDrift: async ({ words }) => console.log("call somebody:", words),
};
const summary = await watchFolder(detector, request, listeners, { signal: stop.signal });
console.log(`${summary.images} images, ${summary.anomalies} odd ones`);
await detector.dispose();
