/** Checks Prometheus' text format as a server reads it: what a sample is, what it is called, what a histogram adds up to. */

/** A sample: a name, its labels, a value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const [nameForm, labelForm] = ["[a-zA-Z_:][a-zA-Z0-9_:]*", "[a-zA-Z_][a-zA-Z0-9_]*"];
const sampleForm = new RegExp(`^(${nameForm})(?:\\{(.*)\\})? (\\S+)$`);
const pairForm = new RegExp(`^(${labelForm})="((?:[^"\\\\\\n]|\\\\[\\\\"n])*)"(?:,|$)`);
const kinds = ["counter", "gauge", "histogram", "summary"];

/** The samples of such a text. Throws where a server, or whoever checks its metrics, would object. */
export function samplesOf(text: string): Sample[] {
  if (!text.endsWith("\n")) throw new Error("it does not end with a line break");
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples: Sample[] = [];
  const known = new Set<string>();
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const [, word, about, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (word === "HELP") helps.add(about!);
    else if (word === "TYPE") {
      if (!kinds.includes(rest!) || types.has(about!))
        throw new Error(`'${line}': a kind that is unknown, or told twice`);
      types.set(about!, rest!);
    } else if (!line.startsWith("#")) {
      const sample = sampleOf(line);
      const family = familyOf(sample.name, types);
      const kind = types.get(family);
      if (kind === undefined || !helps.has(family)) throw new Error(`'${line}' comes before its help and kind`);
      if (kind === "counter" && !family.endsWith("_total"))
        throw new Error(`the counter ${family} does not end with _total`);
      const id = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (known.has(id)) throw new Error(`'${line}' comes twice`);
      known.add(id);
      samples.push(sample);
    }
  }
  for (const [family, kind] of types) if (kind === "histogram") checkHistogram(family, samples);
  return samples;
}

function sampleOf(line: string): Sample {
  const [, name, inside = "", number = ""] = sampleForm.exec(line) ?? [];
  const value = Number(number.replace(/^([+-]?)Inf$/, "$1Infinity"));
  // Go's ParseFloat, by which Prometheus reads numbers, takes it in any case; prom-client writes "Nan" where nothing was measured yet.
  if (name === undefined || (Number.isNaN(value) && !/^nan$/i.test(number))) throw new Error(`'${line}' is no sample`);
  const labels: Record<string, string> = {};
  for (let rest = inside; rest !== ""; ) {
    const [all, label, text] = pairForm.exec(rest) ?? [];
    if (label === undefined || label in labels) throw new Error(`'${line}' has labels that are none`);
    labels[label] = text!;
    rest = rest.slice(all!.length);
  }
  return { name, labels, value };
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string {
  const base = name.replace(/_(bucket|sum|count)$/, "");
  return ["histogram", "summary"].includes(types.get(base) ?? "") ? base : name;
}

/** Buckets of a histogram grow with their bounds up to all there are. */
function checkHistogram(family: string, samples: readonly Sample[]): void {
  const series = new Map<string, { bounds: number[]; counts: number[]; total: number | undefined }>();
  for (const { name, labels, value } of samples) {
    const { le, ...rest } = labels;
    const key = JSON.stringify(rest);
    if (name !== `${family}_bucket` && name !== `${family}_count`) continue;
    const one = series.get(key) ?? { bounds: [], counts: [], total: undefined };
    series.set(key, one);
    if (name.endsWith("_count")) one.total = value;
    else {
      one.bounds.push(le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le));
      one.counts.push(value);
    }
  }
  for (const [key, { bounds, counts, total }] of series) {
    const grows = (values: readonly number[]): boolean => values.every((one, at) => at === 0 || one >= values[at - 1]!);
    const isWhole = bounds.at(-1) === Number.POSITIVE_INFINITY && counts.at(-1) === total;
    if (!grows(bounds) || !grows(counts) || !isWhole) throw new Error(`the buckets of ${family}${key} do not add up`);
  }
}
