/** Lists of images as people keep them, from text to rows: CSV with a header, JSON lines, or a path a line. */

/** One image of a list. */
export interface ManifestRow {
  readonly path: string;
  readonly label: string | undefined;
  readonly split: string | undefined;
  /** What else the list says of it, in the order of `Manifest.columns`. */
  readonly others: readonly string[];
}

/** A list of images, understood. */
export interface Manifest {
  /** Names of the columns that mean nothing here and are carried through. */
  readonly columns: readonly string[];
  readonly rows: readonly ManifestRow[];
}

/** Why a list is not understood, in words that follow `got`. */
export interface ManifestRefusal {
  readonly reason: string;
}

/** Names of columns, the likeliest first. */
const meanings = {
  path: ["path", "image_path", "filepath", "file_path", "file_name", "filename", "file", "image", "img"],
  label: ["label", "class", "class_name", "category", "target"],
  split: ["split", "subset", "partition", "set"],
} as const;

/** What expects a list at all: names of images. */
const imageLike = /\.[a-z0-9]{2,5}$/i;

/** Reads a table whose first row is a header. */
export function manifestOfTable(table: readonly (readonly string[])[]): Manifest | ManifestRefusal {
  const [header, ...body] = table;
  if (!header) return { reason: "an empty list" };
  const names = header.map((name) => name.trim());
  const places = placesOf(names);
  if (places.path === undefined) {
    // One column needs no header.
    if (names.length === 1 && imageLike.test(names[0]!)) return manifestOfPaths(table.map(([path]) => path ?? ""));
    return { reason: `columns ${names.map((name) => `'${name}'`).join(", ")}, of which none is '${meanings.path[0]}'` };
  }
  const others = [...names.keys()].filter((at) => !Object.values(places).includes(at));
  const columns = others.map((at) => names[at]!);
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  if (twice !== undefined) return { reason: `two columns '${twice}'` };
  const textAt = (row: readonly string[], at: number | undefined): string | undefined => {
    const text = at === undefined ? "" : (row[at] ?? "").trim();
    return text === "" ? undefined : text.normalize("NFC");
  };
  const rows = body.map((row) => ({
    path: row[places.path!] ?? "",
    label: textAt(row, places.label),
    split: textAt(row, places.split),
    others: others.map((at) => row[at] ?? ""),
  }));
  const empty = rows.findIndex(({ path }) => path === "");
  return empty < 0 ? { columns, rows } : { reason: `no path in row ${empty + 1}` };
}

function placesOf(names: readonly string[]): { readonly [Meaning in keyof typeof meanings]: number | undefined } {
  const lower = names.map((name) => name.toLowerCase());
  const find = (wanted: readonly string[]): number | undefined =>
    wanted.map((name) => lower.indexOf(name)).find((at) => at >= 0);
  return { path: find(meanings.path), label: find(meanings.label), split: find(meanings.split) };
}

/** Reads a list of paths. Lines that are empty, or begin with `#`, say nothing. */
export function manifestOfPaths(lines: readonly string[]): Manifest | ManifestRefusal {
  const paths = lines
    .map((line) => line.replace(/\r$/, ""))
    .filter((line) => line.trim() !== "" && !line.startsWith("#"));
  if (paths.length === 0) return { reason: "an empty list" };
  if (!imageLike.test(paths[0]!)) return { reason: "a text that is no list of paths" };
  return { columns: [], rows: paths.map((path) => ({ path, label: undefined, split: undefined, others: [] })) };
}

/** Reads a JSON object a line. What is no text or number is carried through as JSON. */
export function manifestOfJsonLines(text: string): Manifest | ManifestRefusal {
  const names = new Map<string, number>();
  const objects: ReadonlyMap<string, string>[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const object = objectOf(line);
    if (object === undefined) return { reason: `no JSON object in line ${index + 1}` };
    for (const name of object.keys()) if (!names.has(name)) names.set(name, names.size);
    objects.push(object);
  }
  const header = [...names.keys()];
  return manifestOfTable([
    ...(objects.length > 0 ? [header] : []),
    ...objects.map((object) => header.map((name) => object.get(name) ?? "")),
  ]);
}

function objectOf(line: string): ReadonlyMap<string, string> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value).map(([name, one]) => [name, textOf(one)]));
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
