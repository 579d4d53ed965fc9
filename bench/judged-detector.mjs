/** A detector trained by the command line unless it stands already, and what its scores say of test images: shared by the scripts that compare trainings. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { evaluate, openDetector } from "outglow/workflow";

const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** `outglow train --out OUT ...`, where no detector stands at OUT. A training that was stopped goes on. */
export function trainOnce(out, ...args) {
  if (existsSync(join(out, "detector.json"))) return;
  const begun = existsSync(join(out, "run", "config.json"));
  const rest = begun ? ["--resume"] : ["--force", ...args];
  const stdio = ["ignore", "ignore", "inherit"];
  const { status } = spawnSync(process.execPath, [command, "train", "--quiet", `--out=${out}`, ...rest], { stdio });
  if (status !== 0) throw new Error(`training ${out} ended with ${status}`);
}

/**
 * What a detector says of test images: the steps of its normal model, bits a dimension of normal test images, and for every anomalous set ({ name, location }) the AUROC of some scores with
 * the ends of a 95 % bootstrap interval over the images, null where the detector has too few images for a score.
 */
export async function judge(location, { normal, anomalous, scores, threads = 2 }) {
  const detector = await openDetector(location, { threads });
  const { steps } = detector.manifest.models.normal;
  const { sets, evaluations } = await evaluate(detector, { normal, anomalous, coders: false, intervals: "all" });
  await detector.dispose();
  const told = (set, score) => {
    const found = evaluations.find((one) => one.set === set && one.score === score);
    return found ? { auroc: found.auroc, ...found.aurocInterval } : null;
  };
  return {
    steps,
    testBits: sets.normal.bitsPerDimension,
    aurocs: Object.fromEntries(
      anomalous.map(({ name }) => [name, Object.fromEntries(scores.map((score) => [score, told(name, score)]))]),
    ),
  };
}
