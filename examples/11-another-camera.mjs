// Another camera: begin with the detector of the old one, train its coarse scale alone on a few new images, and compare.
import { evaluate, loadDetector, train } from "outglow";

const [old, normal, bad, out] = process.argv.slice(2);
const { manifest } = await loadDetector(old);
const { size = manifest.input.height, scales, depth, hidden: width } = manifest.training.model;
const model = { size, scales, depth, width };
await train({ ...model, normal, out, init: old, fineTune: [scales - 1], heldOut: 0.4, steps: 20, evaluateEvery: 10 });

for (const folder of [old, out]) {
  const detector = await loadDetector(folder);
  const { evaluations } = await evaluate(detector, {
    normal,
    anomalous: [{ name: "bad", location: bad }],
    coders: false,
  });
  const own = evaluations.find(({ score }) => score === detector.manifest.defaultScore);
  console.log(folder, own.score, "AUROC", own.auroc.toFixed(3));
  await detector.dispose();
}
