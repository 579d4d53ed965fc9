/**
 * Which rule should decide by default? Every candidate on real pairs of data sets, and what leaving one normal set out at a time chooses.
 *
 *     npm run build && node bench/default-choice.mjs DATA [--limit 400] [--json] clothes=DETECTOR digits=DETECTOR letters=DETECTOR photographs=DETECTOR
 *         coloured=DETECTOR tiny=DETECTOR [rings=DETECTOR --quickstart FOLDER]
 *
 * DATA holds a folder for each data set; FOLDER is what `outglow quickstart --out` left. Detectors have a general model. Candidates that learn are fitted on
 * the first half of the images that a detector held out, and heights are taken on the other half; those of the detector are its own.
 *
 * The regret of a rule on a pair is the AUROC of the best single score there less its own. A rule is chosen by the root mean square of its regrets on the pairs of
 * all other normal sets, and judged on those of the set that was left out: no rule is judged on what chose it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { contentHashes } from "outglow/data";
import {
  auroc,
  computableScoreNames,
  computeScore,
  fitHierarchy,
  hierarchyScores,
  makeTermTable,
  selectTerms,
} from "outglow/score";
import { calibrationSource, evaluateInDetail, openDetector, scoreImages } from "outglow/workflow";

const { values: flags, positionals } = parseArgs({
  options: { limit: { type: "string", default: "400" }, quickstart: { type: "string" }, json: { type: "boolean" } },
  allowPositionals: true,
});
const [data, ...given] = positionals;
const some = `limit=${flags.limit},seed=2`;
const test = (name) => `${data}/${name}#split=test,${some}`;
const of = (name) => `${data}/${name}#${some}`;
/** Of normal images without a split of their own: more, as those of the training are left out. */
const unseen = (name) => `${data}/${name}#limit=${4 * flags.limit},seed=2`;
const own = (name) => join(flags.quickstart ?? "", "images", name);

/** Normal test images and sets of anomalies, by normal set. */
const pairs = {
  clothes: [
    test("fashion-mnist"),
    { digits: test("mnist"), letters: of("emnist-letters"), photographs: test("cifar-10"), tiny: of("tiny-imagenet") },
  ],
  digits: [test("mnist"), { clothes: test("fashion-mnist"), letters: of("emnist-letters"), tiny: of("tiny-imagenet") }],
  letters: [
    unseen("emnist-letters"),
    { clothes: test("fashion-mnist"), digits: test("mnist"), tiny: of("tiny-imagenet") },
  ],
  photographs: [
    test("cifar-10"),
    { "mnist-m": of("mnist-m"), "cifar-100": of("cifar-100"), digits: test("mnist"), clothes: test("fashion-mnist") },
  ],
  coloured: [unseen("mnist-m"), { digits: test("mnist"), photographs: test("cifar-10"), tiny: of("tiny-imagenet") }],
  tiny: [
    unseen("tiny-imagenet"),
    { clothes: test("fashion-mnist"), letters: of("emnist-letters"), "mnist-m": of("mnist-m") },
  ],
  rings: [own("test-normal"), { crosses: own("test-crosses"), stars: own("test-stars"), trios: own("test-trios") }],
};

/** Ratios alone: the differences to the general model as the terms of a model without one. */
function ratiosOf({ normal, general }) {
  const values = normal.values.map((value, index) => value - general.values[index]);
  return { normal: makeTermTable(normal.count, normal.scales, values) };
}

/** The features of the hierarchy score as rows, each column with median 0 and a median absolute deviation of 0.6745. */
function robustRows({ normal, general }, scaling) {
  const width = 2 * normal.scales;
  const rows = Array.from({ length: normal.count }, (_, image) =>
    Array.from({ length: 2 * width }, (_, j) => {
      const at = image * width + (j % width);
      return j < width ? normal.values[at] : normal.values[at] - general.values[at];
    }),
  );
  const middle = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const scale =
    scaling ??
    rows[0].map((_, j) => {
      const column = rows.map((row) => row[j]);
      const centre = middle(column);
      return [
        centre,
        Math.max(
          1e-5 * Math.max(1, Math.abs(centre)),
          middle(column.map((value) => Math.abs(value - centre))) / 0.6745,
        ),
      ];
    });
  return { rows: rows.map((row) => row.map((value, j) => (value - scale[j][0]) / scale[j][1])), scale };
}

/** The distance of a row from a centre by a covariance, squared: its Cholesky factor is made once. */
function distances(covariance, centre) {
  const size = centre.length;
  const factor = covariance.map(() => new Float64Array(size));
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = covariance[i][j];
      for (let k = 0; k < j; k++) sum -= factor[i][k] * factor[j][k];
      factor[i][j] = i === j ? Math.sqrt(Math.max(sum, 1e-9)) : sum / factor[j][j];
    }
  }
  return (row) => {
    const solved = new Float64Array(size);
    let total = 0;
    for (let i = 0; i < size; i++) {
      let sum = row[i] - centre[i];
      for (let k = 0; k < i; k++) sum -= factor[i][k] * solved[k];
      solved[i] = sum / factor[i][i];
      total += solved[i] ** 2;
    }
    return total;
  };
}

/** A multivariate t with 4 degrees of freedom by expectation and maximisation, a twentieth of its diagonal added (Lange, Little and Taylor 1989). */
function heavyTailed(fitting) {
  const { rows, scale } = robustRows(fitting);
  const [size, degrees, ridge] = [rows[0].length, 4, 0.05];
  let weights = rows.map(() => 1);
  let measure;
  for (let round = 0; round < 40; round++) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const centre = Array.from(
      { length: size },
      (_, j) => rows.reduce((sum, row, i) => sum + weights[i] * row[j], 0) / total,
    );
    const covariance = Array.from({ length: size }, (_, a) =>
      Array.from({ length: size }, (_, b) => {
        const sum =
          rows.reduce((all, row, i) => all + weights[i] * (row[a] - centre[a]) * (row[b] - centre[b]), 0) / rows.length;
        return a === b ? (1 + ridge) * sum + 1e-6 : sum;
      }),
    );
    measure = distances(covariance, centre);
    weights = rows.map((row) => (degrees + size) / (degrees + measure(row)));
  }
  return (terms) => robustRows(terms, scale).rows.map(measure);
}

/** Makes a score standard normal by its quantiles over references, straight on beyond them. */
function heightOf(references) {
  const sorted = [...references].sort((a, b) => a - b);
  const knots = [
    [0.02, -2.0537],
    [0.1, -1.2816],
    [0.3, -0.5244],
    [0.5, 0],
    [0.7, 0.5244],
    [0.9, 1.2816],
    [0.98, 2.0537],
  ].map(([share, height]) => [sorted[Math.round(share * (sorted.length - 1))], height]);
  return (value) => {
    let at = 0;
    while (at < knots.length - 2 && value > knots[at + 1][0]) at++;
    const [[low, from], [high, to]] = [knots[at], knots[at + 1]];
    return from + ((to - from) * (value - low)) / Math.max(high - low, 1e-9 * Math.max(1, Math.abs(high)));
  };
}

/** Candidates as functions from terms to scores, for one detector. */
function candidatesOf(heldOut, { calibration, defaultScore }) {
  const { count } = heldOut.normal;
  const half = (side) =>
    selectTerms(
      heldOut,
      Array.from({ length: count }, (_, i) => i).filter((i) => i % 2 === side),
    );
  const [fitting, references] = [half(0), half(1)];
  const score = (name) => (terms) => Array.from(computeScore(name, terms, calibration).values);
  const hierarchy = fitHierarchy(fitting);
  const ratios = fitHierarchy(ratiosOf(fitting));
  const plain = {
    hierarchy: (terms) => Array.from(hierarchyScores(hierarchy, terms)),
    ratio: score("ratio"),
    "final scale": score("final-scale"),
  };
  // Where too few images are held out to join anything the default is another score.
  const joined = score(Object.hasOwn(calibration.scores, "joined") ? "joined" : defaultScore);
  const ratiosAlone = (terms) => Array.from(hierarchyScores(ratios, ratiosOf(terms)));
  const join = (scores, rule) => {
    const heights = scores.map((of) => ({ of, height: heightOf(of(references)) }));
    return (terms) => {
      const columns = heights.map(({ of, height }) => of(terms).map(height));
      return columns[0].map((_, image) => rule(columns.map((column) => column[image])));
    };
  };
  const worst = (z) => Math.max(...z);
  const sum = (z) => z.reduce((total, one) => total + one, 0);
  return {
    joined,
    ...plain,
    "max of the three": join(Object.values(plain), worst),
    "mean of the three": join(Object.values(plain), sum),
    "hierarchy over ratios": ratiosAlone,
    "hierarchy, heavier tails": heavyTailed(fitting),
    "max of hierarchies": join([plain.hierarchy, ratiosAlone, score("hierarchy-normal")], worst),
    "max of `joined` and hierarchy": join([joined, plain.hierarchy], worst),
    "mean of `joined` and hierarchy": join([joined, plain.hierarchy], sum),
  };
}

const results = [];
for (const argument of given) {
  const [set, folder] = argument.split("=");
  const [normal, anomalous] = pairs[set];
  const detector = await openDetector(folder, { threads: 2 });
  const { calibration, defaultScore, training } = detector.manifest;
  const { source } = await calibrationSource(detector);
  const { terms: heldOut } = await scoreImages(detector, source, { strict: true, coders: false });
  // Normal images that the training saw, or that calibrate, are no test.
  const kept = readFileSync(join(folder, "run", "normal.hashes"))
    .toString("latin1")
    .match(/[\s\S]{8}/g);
  const known = new Set(kept);
  const usable = [];
  let seen = 0;
  const { sets } = await evaluateInDetail(
    detector,
    {
      normal,
      anomalous: Object.entries(anomalous).map(([name, location]) => ({ name, location })),
      scores: [defaultScore],
      coders: false,
    },
    {},
    (name, { pixels, names }) => {
      if (name !== "normal") return;
      for (const hash of contentHashes(pixels, names.length)) {
        if (!known.has(hash) && usable.length < flags.limit) usable.push(seen);
        seen++;
      }
    },
  );
  const normalTerms = selectTerms(sets.get("normal").terms, usable);
  const candidates = candidatesOf(heldOut, detector.manifest);
  const singles = computableScoreNames(normalTerms, calibration).filter((name) => name !== "joined");
  for (const name of Object.keys(anomalous)) {
    // A set in folders of kinds comes as several.
    const kinds = [...sets.keys()].filter((key) => key === name || key.startsWith(`${name}/`));
    const areaOf = (of) =>
      auroc({ normal: of(normalTerms), anomalous: kinds.flatMap((kind) => of(sets.get(kind).terms)) });
    const single = singles.map((score) => [
      score,
      areaOf((terms) => Array.from(computeScore(score, terms, calibration).values)),
    ]);
    const [best, most] = single.reduce((top, one) => (one[1] > top[1] ? one : top));
    const rules = Object.fromEntries(Object.entries(candidates).map(([rule, of]) => [rule, areaOf(of)]));
    results.push({
      set,
      anomalous: name,
      defaultScore,
      heldOut: heldOut.normal.count,
      steps: training.normal.steps,
      best,
      most,
      rules,
    });
  }
  await detector.dispose();
  console.error(
    `${set}: ${heldOut.normal.count} held out, ${usable.length} tested, ${singles.length} single scores, default ${defaultScore}`,
  );
}

const names = Object.keys(results[0].rules);
const regretsOf = (rule, some) => some.map(({ most, rules }) => Math.max(0, most - rules[rule]));
const rootMean = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
/** Every normal set counts once, however many pairs it has. */
const lossOf = (rule, some) => {
  const sets = [...new Set(some.map(({ set }) => set))];
  return rootMean(
    sets.map((set) =>
      rootMean(
        regretsOf(
          rule,
          some.filter((one) => one.set === set),
        ),
      ),
    ),
  );
};
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const choices = [...new Set(results.map(({ set }) => set))].map((out) => {
  const others = results.filter(({ set }) => set !== out);
  const rule = names.reduce((least, one) => (lossOf(one, others) < lossOf(least, others) ? one : least));
  const left = results.filter(({ set }) => set === out);
  const [chosen, joined] = [regretsOf(rule, left), regretsOf("joined", left)];
  return {
    out,
    rule,
    mean: mean(chosen),
    worst: Math.max(...chosen),
    joinedMean: mean(joined),
    joinedWorst: Math.max(...joined),
  };
});

if (flags.json) console.log(JSON.stringify({ results, choices }));
else {
  const line = (cells) => console.log(`| ${cells.join(" | ")} |`);
  const show = (value) => value.toFixed(3).replace(/^0/, "");
  line(["normal", "anomalous", ...names, "best single score"]);
  line(["---", "---", ...names.map(() => "---:"), "---"]);
  for (const { set, anomalous, rules, best, most } of results)
    line([set, anomalous, ...names.map((name) => show(rules[name])), `${show(most)} \`${best}\``]);
  line(["mean regret", "", ...names.map((name) => show(mean(regretsOf(name, results)))), ""]);
  line(["worst regret", "", ...names.map((name) => show(Math.max(...regretsOf(name, results)))), ""]);
  line(["loss, sets alike", "", ...names.map((name) => show(lossOf(name, results))), ""]);
  console.log();
  line(["left out", "chosen on the others", "mean regret", "worst", "of `joined`", "worst"]);
  line(["---", "---", "---:", "---:", "---:", "---:"]);
  for (const { out, rule, mean, worst, joinedMean, joinedWorst } of choices)
    line([out, rule, show(mean), show(worst), show(joinedMean), show(joinedWorst)]);
}
