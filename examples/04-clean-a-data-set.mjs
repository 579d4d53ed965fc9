// Cleaning a data set: what is unlike the rest goes into a folder to look at, the others are linked into a clean one.
import { link, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { loadDetector, predict } from "outglow";

const [folder, images, out] = process.argv.slice(2);
const detector = await loadDetector(folder);
for (const name of ["clean", "odd"]) await mkdir(join(out, name), { recursive: true });

const counts = { clean: 0, odd: 0 };
for await (const { file, anomalous } of predict(detector, images, { falseAlarm: 0.05 })) {
  const kind = anomalous ? "odd" : "clean";
  await link(file, join(out, kind, basename(file)));
  counts[kind]++;
}
console.log(`${counts.clean} clean, ${counts.odd} to look at in ${join(out, "odd")}`);
await detector.dispose();
