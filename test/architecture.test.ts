/** The floors of the house: who may import what, and what no source file may hold. See ARCHITECTURE.md. */
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, test } from "vitest";

/** A folder imports from folders before it only. Files beside the folders, such as the package's door, come last. */
const floors =
  "base client score graph onnx nn optim flow model runtime pixels made storage data download train faults cells encoder detector export report workflow analysis experiments benchmark service studio queue cli".split(
    " ",
  );
const pure = "base client score graph onnx nn optim flow model pixels made".split(" ");
const packages: Readonly<Record<string, readonly string[]>> = {
  "onnxruntime-node": ["runtime"],
  "@bufbuild/protobuf": ["onnx"],
  "csv-parse": ["data"],
  "dicom-parser": ["data"],
  aws4fetch: ["storage"],
  fzstd: ["data"],
  hyparquet: ["queue", "data"], // of data tests
  "hyparquet-writer": ["queue", "data"], // of data tests
  bullmq: ["queue"],
  ioredis: ["queue"],
  sharp: ["data", "report"],
  echarts: ["report"],
  "tar-stream": ["data"],
  commander: ["cli"],
  "log-update": ["cli"],
  hono: ["service", "studio"],
  "@hono/node-server": ["service"],
  "prom-client": ["service", "queue"],
  zod: [
    "model",
    "train",
    "faults",
    "cells",
    "encoder",
    "detector",
    "workflow",
    "experiments",
    "service",
    "studio",
    "queue",
  ],
};
/** Ways past an index.ts, each with its reason. */
const sideDoors = [
  "cli/program.ts -> detector/version.ts", // --version and --help must not load the engine
  "cli/completion.ts -> detector/version.ts", // as above
  "cli/train-command.ts -> workflow/training/train-request.ts", // nor must the help of a command, which shows the defaults
  "cli/train-command.ts -> workflow/training/train-notes.ts", // as above
  "cli/find-command.ts -> workflow/finding/find-request.ts", // as above
  "cli/find-command.ts -> workflow/training/train-notes.ts", // as above
  "cli/reproduce-command.ts -> experiments/suite-names.ts", // as above
  "cli/benchmark-command.ts -> benchmark/cases.ts", // as above
  "cli/serve-command.ts -> service/settings.ts", // as above
  "cli/studio-command.ts -> studio/settings.ts", // as above
];
/** Doors of a floor beside its index.ts: what of it a browser page takes. */
const portableDoors = [
  "data/portable.ts",
  "train/portable.ts",
  "faults/portable.ts",
  "cells/portable.ts",
  "encoder/portable.ts",
  "detector/portable.ts",
  "studio/portable.ts",
];
/** What opens connections, and the floors that must not: readers of images and detectors leave the machine by `storage` alone, for addresses of stores. */
const connections = /^node:(https?|http2|net|tls|dgram|dns)(\/|$)/;
const offline = floors
  .slice(0, floors.indexOf("report"))
  .filter((folder) => !["client", "storage", "download"].includes(folder));
const mostLines = 400;

interface Source {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** `typeOnly` imports are gone once compiled, so that they make no cycle; `late` ones are calls of import(). */
  readonly imports: readonly { readonly target: string; readonly typeOnly: boolean; readonly late: boolean }[];
}

const root = new URL("../src/", import.meta.url);
const sources: readonly Source[] = readdirSync(root, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
  .map((path) => {
    const text = readFileSync(new URL(path, root), "utf8");
    return { path, folder: folderOf(path), text, imports: importsOf(path, text) };
  });
const files = new Map(sources.map((source) => [source.path, source]));

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/** Statements that import or export from somewhere, and calls of import(). Relative targets become paths within src. */
function importsOf(path: string, text: string): Source["imports"] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[\w*{][^;"]*?\sfrom\s+)?"([^"]+)"/gm);
  const calls = text.matchAll(/\bimport\(\s*()"([^"]+)"/g);
  const found = (matches: Iterable<RegExpMatchArray>, late: boolean) =>
    Array.from(matches, ([, type, target]) => ({
      target: target!.startsWith(".") ? posix.join(posix.dirname(path), target!) : target!,
      typeOnly: Boolean(type),
      late,
    }));
  return [...found(statements, false), ...found(calls, true)];
}

/** Every import that a rule calls an offence, as `file -> target`. */
function imports(offends: (folder: string, target: string) => boolean): string[] {
  return sources.flatMap(({ path, folder, imports }) =>
    imports.filter(({ target }) => offends(folder, target)).map(({ target }) => `${path} -> ${target}`),
  );
}

/** Every file whose text matches, with what matched. */
function texts(pattern: RegExp, folders: readonly string[] = ["", ...floors]): string[] {
  return sources.flatMap(({ path, folder, text }) => {
    const matches = folders.includes(folder) ? text.matchAll(new RegExp(pattern, `${pattern.flags}g`)) : [];
    return [...new Set(Array.from(matches, ([match]) => `${path}: ${match}`))];
  });
}

const paths = (offends: (source: Source) => boolean): string[] => sources.filter(offends).map(({ path }) => path);

/**
 * The first cycle that a walk along imports finds, as a list of files. In the command line, where what is typed imports late what is done,
 * types and late imports make cycles as well.
 */
function findCycle(): string[] {
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    done.add(path);
    const counts = ({ typeOnly, late }: Source["imports"][number]) => folderOf(path) === "cli" || !(typeOnly || late);
    const next = files.get(path)?.imports.filter((one) => counts(one) && files.has(one.target)) ?? [];
    return next.map(({ target }) => walk(target, [...trail, path])).find((cycle) => cycle.length > 0) ?? [];
  };
  return sources.map(({ path }) => walk(path, [])).find((cycle) => cycle.length > 0) ?? [];
}

/** The room of a floor that a file lies in, as `floor/room`; undefined for what lies beside the rooms, which all of them may take from. */
const roomOf = (path: string): string | undefined => /^\w+\/[\w-]+(?=\/)/.exec(path)?.[0];

/** Rooms that take from themselves by way of other rooms of their floor, types included. */
function entangledRooms(): string[] {
  const taken = new Map<string, Set<string>>();
  for (const { path, folder, imports } of sources) {
    const room = roomOf(path);
    if (room === undefined) continue;
    const rooms = imports.flatMap(({ target }) => (folderOf(target) === folder ? (roomOf(target) ?? []) : []));
    taken.set(room, new Set([...(taken.get(room) ?? []), ...rooms.filter((other) => other !== room)]));
  }
  const reached = (from: string, seen = new Set<string>()): Set<string> => {
    for (const next of taken.get(from) ?? []) if (!seen.has(next)) reached(next, seen.add(next));
    return seen;
  };
  return [...taken.keys()].filter((room) => reached(room).has(room));
}

/** What is loaded before a command shows its help: everything that its files import at once. */
function loadedForHelp(): string[] {
  const loaded = new Set<string>();
  const load = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { target, typeOnly, late } of files.get(path)?.imports ?? []) if (!typeOnly && !late) load(target);
  };
  for (const { path } of sources) if (/^cli\/(main|program|.*-command)\.ts$/.test(path)) load(path);
  return [...loaded];
}

/** Folders whose files a command's help may load, and what it may load of others. */
const light = ["base", "cli", ""];
const lightPackages = ["commander", "zod"];

const inside = (target: string): boolean => target.endsWith(".ts");
const isPackage = (target: string): boolean => !inside(target) && !target.startsWith("node:");
const packageOf = (target: string): string => target.split("/", target.startsWith("@") ? 2 : 1).join("/");
const floorOf = (path: string): number => [...floors, ""].indexOf(folderOf(path));
/** Floors that know nothing of a command line: who calls them hands in what they need and hears what they tell. */
const doorless = floors.filter((folder) => folder !== "cli");
const doors = /\bconsole\b|\bprocess\.[a-z]+|\bexitCode\b|--[a-z]+/i;
/** What looks like a door and is none, each with its reason. */
const innerDoors = [
  "base/command-line.ts: --general", // what it makes
  "base/faults.ts: --general", // says how a command line would write a setting
  "runtime/devices.ts: process.env", // a driver reads its environment
  "runtime/devices.ts: process.platform", // which devices there are
  "runtime/devices.ts: process.arch", // as above
  "runtime/devices.ts: --ignore", // how npm fetches a driver
  "runtime/native-library.ts: process.env", // so does the engine
  "runtime/device-findings.ts: --eval", // an option of Node
  "storage/settings.ts: process.env", // credentials come from the environment alone
  "detector/folder-writing.ts: process.versions", // a detector names the Node that wrote it
];
/** Style sheets call their variables like flags. */
const isStyle = (at: string): boolean => /-style\.ts\b/.test(at);
/** The name of a command at the beginning of a message. */
const verbs = /["`](?:train|predict|evaluate|analyze|sample|quickstart|reproduce|doctor|benchmark): /;
/** A file that is a process of its own, which other files start. */
const isProgram = (at: string): boolean => /-worker\.ts\b/.test(at);
const clocks = /\b(Math\.random|Date\.now|new Date\b|performance\.now|process\.\w+)/;

test.each<[string, () => string[]]>([
  ["lies in an unknown folder", () => paths(({ path }) => floorOf(path) < 0)],
  ["imports what is not there", () => imports((_, to) => (inside(to) ? !files.has(to) : to.startsWith(".")))],
  ["imports a later folder", () => imports((folder, to) => inside(to) && floorOf(to) > floorOf(`${folder}/`))],
  [
    "imports another folder past its index.ts",
    () =>
      imports(
        (folder, to) =>
          inside(to) && folderOf(to) !== folder && to !== `${folderOf(to)}/index.ts` && !portableDoors.includes(to),
      ).filter((offence) => !sideDoors.includes(offence)),
  ],
  ["is part of a cycle", findCycle],
  ["is in a room that takes from one that takes from it", entangledRooms],
  ["imports a foreign package", () => imports((at, to) => isPackage(to) && !packages[packageOf(to)]?.includes(at))],
  ["is pure but imports node:*", () => imports((folder, to) => pure.includes(folder) && to.startsWith("node:"))],
  ["goes by a clock that may jump, though it serves", () => texts(/\bDate\.now\b/, ["service", "client"])],
  [
    "opens a connection, though it only reads and computes",
    () => imports((at, to) => connections.test(to) && offline.includes(at)),
  ],
  ["fetches, though it only reads and computes", () => texts(/\bfetch\(/, offline)],
  ["is pure but has a clock, chance or a process", () => texts(clocks, pure)],
  [
    "knows a console, a process or a flag, though it is a library",
    () => texts(doors, doorless).filter((at) => !isProgram(at) && !isStyle(at) && !innerDoors.includes(at)),
  ],
  [
    "begins a message with a command, though it is a library",
    () => texts(verbs, doorless).filter((at) => !innerDoors.includes(at)),
  ],
  ["cites a section of a paper without saying which", () => texts(/\((?:\w+; )?paper, /)],
  [
    "is loaded for a command's help though it is heavy",
    () =>
      loadedForHelp().filter((path) => {
        if (!inside(path)) return isPackage(path) && !lightPackages.includes(path);
        return !light.includes(folderOf(path)) && !sideDoors.some((door) => door.endsWith(`-> ${path}`));
      }),
  ],
  ["is too long", () => paths(({ text }) => text.trimEnd().split("\n").length > mostLines)],
  ["extends anything but Error", () => texts(/\bclass\s+\w+(<[^{]*>)?\s+extends\s+(?!Error\b)\w+/)],
  ["exports a whole module or a default", () => texts(/^export\s+(\*|default\b)/m)],
  ["starts with anything but what it is", () => paths(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text))],
])("no source file %s", (_rule, offenders) => {
  expect(offenders()).toEqual([]);
});

test("measurements outside the package come in by its doors", () => {
  const bench = new URL("../bench/", import.meta.url);
  const scripts = readdirSync(bench).filter((name) => name.endsWith(".mjs"));
  expect(scripts.length).toBeGreaterThan(0);
  for (const name of scripts) {
    const targets = importsOf(name, readFileSync(new URL(name, bench), "utf8")).map(({ target }) => target);
    expect(
      targets.filter((target) => target.startsWith(".")),
      name,
    ).toEqual([]);
  }
});

test("package.json offers the package's door, every folder's index but that of the command line, the portable doors and the browser's", () => {
  const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    exports: Record<string, { types: string; default: string }>;
  };
  const offered = floors.filter((folder) => folder !== "cli");
  const besides = portableDoors.map((path) => `./${path.replace(".ts", "")}`);
  expect(Object.keys(exports).filter((name) => !besides.includes(name))).toEqual([
    ".",
    ...offered.map((folder) => `./${folder}`),
    "./web",
  ]);
  expect(exports["."]).toEqual({ types: "./dist/index.d.ts", default: "./dist/index.js" });
  for (const folder of [...offered, "web"]) {
    expect(exports[`./${folder}`]).toEqual({
      types: `./dist/${folder}/index.d.ts`,
      default: `./dist/${folder}/index.js`,
    });
  }
  for (const name of besides) {
    const built = name.replace("./", "./dist/");
    expect(exports[name]).toEqual({ types: `${built}.d.ts`, default: `${built}.js` });
  }
});

describe("the studio's pages", () => {
  const folder = new URL("../web/", import.meta.url);
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /\.tsx?$/.test(path) && !/(\.test|\.d)\.ts$|\.config\.ts$/.test(path))
    .map((path) => ({ path, text: readFileSync(new URL(path, folder), "utf8") }));
  const targets = pages.flatMap(({ path, text }) => {
    const found = [...importsOf(`web/${path}`, text.replaceAll('import "./', 'import x from "./'))];
    return found.map(({ target, typeOnly }) => ({ path, target, typeOnly }));
  });

  test("take of the program only pure floors, by their index, and portable doors", () => {
    const ofProgram = targets.filter(({ target, typeOnly }) => target.startsWith("src/") && !typeOnly);
    expect(ofProgram.length).toBeGreaterThan(0);
    const doors = [...pure.map((floor) => `src/${floor}/index.ts`), ...portableDoors.map((door) => `src/${door}`)];
    expect(ofProgram.filter(({ target }) => !doors.includes(target))).toEqual([]);
  });

  test("take nothing of Node and only packages that are meant for pages", () => {
    const known = [
      "preact",
      "@preact/signals",
      "uplot",
      "d3-scale",
      "d3-shape",
      "d3-force",
      "fflate",
      "onnxruntime-web",
      "@cwasm/jpeg-turbo",
    ];
    const foreign = targets.filter(({ target }) => !/^(src|web)\//.test(target));
    expect(foreign.filter(({ target }) => !known.includes(packageOf(target)))).toEqual([]);
  });

  test.each<[string, (page: { path: string; text: string }) => boolean]>([
    ["is too long", ({ text }) => text.trimEnd().split("\n").length > mostLines],
    ["starts with anything but what it is", ({ text }) => !text.startsWith("/**")],
    ["exports a whole module or a default", ({ text }) => /^export\s+(\*|default\b)/m.test(text)],
    [
      "writes HTML or a style as text, which the policy forbids",
      ({ text }) => /dangerouslySetInnerHTML|innerHTML|\bstyle="/.test(text),
    ],
    ["reads or writes a cookie", ({ text }) => /document\.cookie/.test(text)],
  ])("no file %s", (_rule, offends) => {
    expect(pages.filter(offends).map(({ path }) => path)).toEqual([]);
  });
});
