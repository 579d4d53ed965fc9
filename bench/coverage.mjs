/**
 * Do the promises of p-values hold on real images? Normal images that a detector was not trained on are split at random, many times: one half
 * calibrates (fits and references), the other one is judged.
 *
 *     npm run build && node bench/coverage.mjs DETECTOR NORMAL ANOMALOUS [--splits 200] [--score hierarchy,likelihood]
 *
 * Prints, for each score and rate, the mean share of normal images that are marked, and the share of splits in which their number lies outside
 * the 95 % interval of chance (beta-binomial, `score/calibrating/false-alarm-check.ts`): about 5 % if all is well. For a false-discovery rate, the mean
 * share of normal images among those that are marked in mixtures of nine normal images to one anomalous.
 */
import { parseArgs } from "node:util";
import { permutation, randomKey } from "outglow/base";
import { beyondChance, calibrate, computeScore, discoveries, pValues, selectTerms } from "outglow/score";
import { evaluateInDetail, openDetector } from "outglow/workflow";

const { values: flags, positionals } = parseArgs({
  options: { splits: { type: "string", default: "200" }, score: { type: "string", default: "hierarchy,likelihood" } },
  allowPositionals: true,
});
const [folder, normal, anomalous] = positionals;
const splits = Number(flags.splits);
const detector = await openDetector(folder, { threads: 2 });
const { sets } = await evaluateInDetail(detector, { normal, anomalous: [{ name: "anomalous", location: anomalous }] });
await detector.dispose();
const [normals, others] = [...sets.values()].map(({ terms }) => terms);
const { count } = normals.normal;
const key = randomKey("coverage");
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

console.log(`${count} normal images, ${others.normal.count} anomalous ones, ${splits} splits`);
for (const score of flags.score.split(",")) {
  const rates = new Map([0.01, 0.05, 0.1].map((rate) => [rate, { shares: [], beyond: 0 }]));
  const discovered = new Map([0.05, 0.1, 0.2].map((share) => [share, { wrong: [], found: [] }]));
  for (let split = 0; split < splits; split++) {
    const order = permutation(count, key.fold(split).stream());
    const calibration = calibrate(selectTerms(normals, order.subarray(0, count >> 1)), key.fold("fit").fold(split));
    const fresh = order.subarray(count >> 1);
    const values = computeScore(score, selectTerms(normals, fresh), calibration).values;
    const p = pValues(calibration, score, values);
    for (const [rate, tally] of rates) {
      const marked = p.filter((value) => value <= rate).length;
      tally.shares.push(marked / p.length);
      const allowed = Math.floor(rate * (calibration.count + 1) + 1e-9) / (calibration.count + 1);
      if (beyondChance(marked, p.length, allowed, calibration.count)) tally.beyond++;
    }
    const anomalies = Math.floor(p.length / 9);
    const odd = permutation(others.normal.count, key.fold("odd").fold(split).stream()).subarray(0, anomalies);
    const oddValues = computeScore(score, selectTerms(others, odd), calibration).values;
    const mixed = [...p, ...pValues(calibration, score, oddValues)];
    for (const [share, tally] of discovered) {
      const { marked } = discoveries(mixed, share);
      const all = marked.filter(Boolean).length;
      const wrong = marked.slice(0, p.length).filter(Boolean).length;
      tally.wrong.push(all === 0 ? 0 : wrong / all);
      tally.found.push((all - wrong) / odd.length);
    }
  }
  for (const [rate, { shares, beyond }] of rates) {
    const outside = ((100 * beyond) / splits).toFixed(1);
    console.log(`${score}: rate ${rate}, marked ${mean(shares).toFixed(4)}, outside chance ${outside} % of splits`);
  }
  for (const [share, { wrong, found }] of discovered) {
    console.log(`${score}: FDR ${share}, wrong ${mean(wrong).toFixed(4)}, found ${mean(found).toFixed(3)}`);
  }
}
