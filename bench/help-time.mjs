/** How long `outglow --help` takes beside a program that does nothing: medians of eleven, taking turns. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const programs = {
  "outglow --help": [fileURLToPath(new URL("../dist/cli/main.js", import.meta.url)), "--help"],
  "an empty program": ["--eval", ""],
};
const times = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
for (let round = 0; round < 11; round++) {
  for (const [name, args] of Object.entries(programs)) {
    const started = performance.now();
    const { status } = spawnSync(process.execPath, args);
    if (status !== 0) throw new Error(`${name} failed`);
    times[name].push(performance.now() - started);
  }
}
const shown = Object.entries(times).map(([name, all]) => `${name} ${all.sort((a, b) => a - b)[5].toFixed(0)} ms`);
console.log(shown.join(", "));
