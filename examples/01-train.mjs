// Training in a script: settings as data, progress as events, and a signal that stops it where it can go on.
import { train } from "outglow";

const [normal, out] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const size = { size: 16, scales: 2, depth: 2, width: 8 }; // small, for a quick look; leave these out for real work
const request = { normal, out, heldOut: 0.4, steps: 30, evaluateEvery: 10, ...size };
const { outcome } = await train(request, {
  signal: stop.signal,
  onEvent(event) {
    if (event.kind === "step" && event.report.step % 10 === 0) console.log("step", event.report.step);
    if (event.kind === "warning") console.log(event.text);
  },
});
console.log(outcome === "interrupted" ? `go on with train({ out: "${out}", resume: true })` : `trained ${out}`);
