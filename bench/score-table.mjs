/**
 * Every score on real pairs of data sets: AUROC with 95 % bootstrap intervals, and what each costs an image.
 *
 *     npm run build && node bench/score-table.mjs DATA [--limit 500] fashion-mnist=DETECTOR cifar-10=DETECTOR magnetic-tile=DETECTOR
 *         printed-board=DETECTOR brain-mri=DETECTOR
 *
 * DATA holds a folder for each data set. Several detectors of one data set, with commas between, are an ensemble: the first is measured, all
 * together give `waic`. Detectors stay as they are: a copy learns the scores that are measured on demand, from the images that its
 * training held out. Brain scans are read from FOLDER as `bench/brain-scans.mjs` unpacks them, `--brain FOLDER`. Anomalies of all kinds
 * count together.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomKey } from "outglow/base";
import { auroc, aurocInterval, computableScoreNames, computeScore, scoreDefinition, scoreSources } from "outglow/score";
import { addScores, evaluateInDetail, openDetector } from "outglow/workflow";

const { values: flags, positionals } = parseArgs({
  options: { limit: { type: "string", default: "500" }, brain: { type: "string" }, json: { type: "boolean" } },
  allowPositionals: true,
});
const [data, ...given] = positionals;
const some = `limit=${flags.limit},seed=1`;

/** Where normal test images and sets of anomalies are. */
const pairs = {
  "fashion-mnist": {
    normal: `${data}/fashion-mnist#split=test,${some}`,
    anomalous: { mnist: `${data}/mnist#split=test,${some}`, "emnist-letters": `${data}/emnist-letters#${some}` },
  },
  "cifar-10": {
    normal: `${data}/cifar-10#split=test,${some}`,
    anomalous: { "mnist-m": `${data}/mnist-m#${some}`, "cifar-100": `${data}/cifar-100#${some}` },
  },
  "magnetic-tile": {
    normal: `${data}/magnetic-tile#split=test,class=good`,
    anomalous: { defects: `${data}/magnetic-tile#split=test,class=blowhole+break+crack+fray+uneven` },
  },
  "printed-board": {
    normal: `${data}/printed-board#split=test,class=good`,
    anomalous: { defects: `${data}/printed-board#split=test,class=defect` },
  },
  "brain-mri": { normal: `${flags.brain}/normal`, anomalous: { tumours: `${flags.brain}/tumour` } },
};

/** Milliseconds of processor time since then: what a busy machine changes least. */
function processorTime(since) {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

/** Milliseconds of processor time an image for the terms of the flows alone, and for every source beside them. */
async function costsOf(detector, pixels, count) {
  const time = async (options) => {
    await detector.terms(pixels, options);
    const rounds = [];
    for (let round = 0; round < 3; round++) {
      const started = process.cpuUsage();
      await detector.terms(pixels, options);
      rounds.push(processorTime(started) / count);
    }
    return Math.min(...rounds);
  };
  const flows = await time({ measured: [] });
  const costs = { flows };
  for (const source of ["pixels", "latents", "slopes", "gradients"]) {
    costs[source] = Math.max(0, (await time({ measured: [source] })) - flows);
  }
  costs.coders = Math.max(0, (await time({ measured: [], coders: true })) - flows);
  return costs;
}

const columns = [];
for (const argument of given) {
  const [set, folders] = argument.split("=");
  const [folder, ...others] = folders.split(",");
  const copy = mkdtempSync(join(tmpdir(), "score-table-"));
  cpSync(folder, copy, { recursive: true });
  let detector = await openDetector(copy, { threads: 2 });
  const before = Object.keys(detector.manifest.calibration.scores);
  await addScores(detector, ["all"]);
  await detector.dispose();
  detector = await openDetector(copy, { threads: 2 });
  const ensemble = [];
  for (const other of others) ensemble.push(await openDetector(other, { threads: 2 }));
  const { normal, anomalous } = pairs[set];
  let first;
  const { sets } = await evaluateInDetail(
    detector,
    {
      normal,
      anomalous: Object.entries(anomalous).map(([name, location]) => ({ name, location })),
      scores: ["all"],
      ensemble,
    },
    { onEvent: ({ kind, text }) => kind === "warning" && console.error(text) },
    (_, batch) => {
      first ??= batch;
    },
  );
  const costs = await costsOf(detector, first.pixels, first.names.length);
  const { calibration, defaultScore, training } = detector.manifest;
  const names = computableScoreNames(sets.get("normal").terms, calibration);
  const normalTerms = sets.get("normal").terms;
  for (const name of Object.keys(anomalous)) {
    // A set in folders of kinds comes as several.
    const kinds = [...sets.keys()].filter((key) => key === name || key.startsWith(`${name}/`));
    const rows = new Map();
    for (const score of names) {
      const started = process.cpuUsage();
      const of = (terms) => Array.from(computeScore(score, terms, calibration).values);
      const scores = { normal: of(normalTerms), anomalous: kinds.flatMap((kind) => of(sets.get(kind).terms)) };
      const own = processorTime(started) / (scores.normal.length + scores.anomalous.length);
      const { needs } = scoreDefinition(score, training.model.scales, scoreSources);
      const cost = needs.reduce((sum, source) => sum + (costs[source] ?? 0), costs.flows + own);
      rows.set(score, { auroc: auroc(scores), interval: aurocInterval(scores, randomKey(0)), cost });
    }
    const count = kinds.reduce((sum, kind) => sum + sets.get(kind).names.length, 0);
    columns.push({ title: `${set} - ${name}`, defaultScore, rows, costs, normal: normalTerms.normal.count, count });
  }
  for (const one of [detector, ...ensemble]) await one.dispose();
  rmSync(copy, { recursive: true });
  console.error(`${set}: ${names.length} scores, ${names.length - before.length} of them learned here`);
}

const scores = [...new Set(columns.flatMap(({ rows }) => [...rows.keys()]))];
if (flags.json) {
  console.log(JSON.stringify(columns.map(({ rows, ...rest }) => ({ ...rest, rows: Object.fromEntries(rows) }))));
} else {
  const cell = (row) =>
    row ? `${row.auroc.toFixed(3)} [${row.interval.low.toFixed(3)}, ${row.interval.high.toFixed(3)}]` : "";
  const line = (cells) => console.log(`| ${cells.join(" | ")} |`);
  line([
    "score",
    ...columns.map(({ title, normal, count }) => `${title} (${normal}, ${count})`),
    "processor ms an image",
  ]);
  line(["---", ...columns.map(() => "---"), "---"]);
  for (const score of scores) {
    const costs = columns.flatMap(({ rows }) => rows.get(score)?.cost ?? []);
    const [low, high] = [Math.min(...costs), Math.max(...costs)].map((cost) => cost.toPrecision(2));
    const mark = columns.some(({ defaultScore }) => defaultScore === score) ? `\`${score}\` (default)` : `\`${score}\``;
    line([mark, ...columns.map(({ rows }) => cell(rows.get(score))), low === high ? low : `${low} to ${high}`]);
  }
  for (const { title, rows, defaultScore } of columns) {
    const [best] = [...rows].sort(([, a], [, b]) => b.auroc - a.auroc);
    const own = rows.get(defaultScore).auroc;
    console.log(
      `${title}: ${defaultScore} ${own.toFixed(3)}, best ${best[0]} ${best[1].auroc.toFixed(3)}, ${(100 * (best[1].auroc - own)).toFixed(1)} points above`,
    );
  }
}
