/**
 * A detector as a folder of static files: pages that score in anybody's browser, served by whatever serves files. Written beside its place and
 * renamed, so that it is there whole or not at all.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError, messageOf, RunError, setting } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import { copyDetector, folderReader, type Manifest } from "../detector/index.ts";
import { quickstartShape } from "../experiments/index.ts";
import { refuseGeneral } from "../workflow/index.ts";
import { builtFiles, pagesFolder } from "./pages.ts";

/** What to export. */
export interface SiteRequest {
  /** The folder of a detector. */
  readonly detector: string;
  /** The folder that will hold the site. */
  readonly out: string;
  /** Whether a site that is there may be replaced. */
  readonly force: boolean;
  /** The file of another paper for the page about it. */
  readonly paper?: string | undefined;
}

/** What was written. */
export interface ExportedSite {
  readonly files: number;
  readonly bytes: number;
}

const siteName = "site.json";
const siteKind = "outglow site";

/** Says in the folder itself how it is opened. */
const readMe = `This folder is a detector that runs in a browser. Browsers do not run it from a file that is opened by itself: serve the folder with
anything that serves files, on this machine or elsewhere, such as

    python3 -m http.server

and open the address that it prints. Images that are scored stay in the browser.
`;

/**
 * Exports a detector. Throws ConfigError for a general model, a place that is taken and pages that were not built, FormatError for damage,
 * RunError where the disk refuses.
 */
export async function exportSite({ detector, out, force, paper }: SiteRequest): Promise<ExportedSite> {
  await refuseTaken(out, force);
  const { manifest, files } = await copyDetector(folderReader(detector));
  refuseGeneral(detector, manifest);
  const contents = new Map<string, Uint8Array | string>(await sitePages(pagesFolder));
  for (const [name, bytes] of files) contents.set(`detector/${name}`, bytes);
  if (paper !== undefined) contents.set("paper.json", await readPaper(paper));
  contents.set("README.txt", readMe);
  contents.set(siteName, siteText(detector, manifest, paper !== undefined));
  await writeFolder(out, contents);
  const sizes = Array.from(contents.values(), (content) => Buffer.byteLength(content));
  return { files: contents.size, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

function siteText(detector: string, manifest: Manifest, paper: boolean): string {
  const folder = resolve(detector);
  const own = basename(folder);
  // The quickstart calls all of its detectors so.
  const name = own === "detector" ? basename(dirname(folder)) || own : own;
  return `${JSON.stringify({ kind: siteKind, name, quickstart: isQuickstart(manifest), paper }, null, 2)}\n`;
}

/** Whether a detector is of the images that the quickstart makes, which the page can make again. */
function isQuickstart({ input, data, models }: Manifest): boolean {
  const { channels, height, width } = quickstartShape;
  const same = input.channels === channels && input.height === height && input.width === width;
  return same && data.normal.location === "train" && data.general?.location === "general" && models.general !== null;
}

/** Throws ConfigError for a place with something in it, unless that is a site which may be replaced. */
async function refuseTaken(out: string, force: boolean): Promise<void> {
  const entries = await readdir(out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw taken("a folder", `'${out}' (${error.code})`, "choose another");
  });
  if (entries.length === 0) return;
  if (!force)
    throw taken(
      "a new folder",
      `'${out}' with files in it`,
      `choose another, or give ${setting("force")} to replace a site`,
    );
  const text = await readFile(join(out, siteName), "utf8").catch(() => "");
  if (text.includes(`"${siteKind}"`)) return;
  throw taken("an exported site, which may be replaced", `'${out}' with other files in it`, "choose another");
}

function taken(expected: string, got: string, text: string): ConfigError {
  return new ConfigError({ code: "exists", subject: setting("out"), expected, got, remedy: { key: "other", text } });
}

/** The built files that the site's page leads to, by their paths. Throws ConfigError where the pages were not built. */
async function sitePages(folder: URL): Promise<Map<string, Uint8Array>> {
  const built = await builtFiles(folder);
  const page = await readFile(built.get("site.html")!);
  const pages = new Map<string, Uint8Array>([["index.html", page]]);
  pages.set("icon.svg", await readFile(built.get("icon.svg")!));
  // Whatever is named in a file that is there is there, too: chunks, workers, the engine.
  const waiting: Uint8Array[] = [page];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const text = Buffer.from(next).toString("latin1");
    for (const [path, url] of built) {
      if (!path.startsWith("assets/") || pages.has(path) || !text.includes(basename(path))) continue;
      const bytes = await readFile(url);
      pages.set(path, bytes);
      if (/\.(m?js|css)$/.test(path)) waiting.push(bytes);
    }
  }
  return pages;
}

/** Far more than a paper's page takes. */
const mostPaperBytes = 2 ** 24;

async function readPaper(path: string): Promise<Uint8Array> {
  const fault = (expected: string, got: string): ConfigError =>
    new ConfigError({
      code: "unreadable",
      subject: setting("paper"),
      expected,
      got,
      remedy: { key: "choose-another" },
    });
  try {
    if ((await stat(path)).size > mostPaperBytes)
      throw fault("a paper's file", `'${path}', which is larger than 16 MB`);
    const bytes = await readFile(path);
    JSON.parse(bytes.toString("utf8"));
    return bytes;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw fault("a paper's file in JSON", `'${path}' (${messageOf(error)})`);
  }
}

/** Writes all files beside the place, then gives the folder its name. */
async function writeFolder(out: string, contents: ReadonlyMap<string, Uint8Array | string>): Promise<void> {
  const place = resolve(out);
  let begun: string | undefined;
  try {
    await mkdir(dirname(place), { recursive: true });
    begun = await mkdtemp(`${place}.`);
    const former = `${begun}.former`;
    for (const [path, content] of contents) {
      await mkdir(dirname(join(begun, path)), { recursive: true });
      await writeFileAtomic(join(begun, path), content);
    }
    const replaces = await rename(place, former).then(
      () => true,
      () => false,
    );
    // Temporary folders are for their owner alone, and a server may be somebody else.
    await chmod(begun, 0o755);
    await rename(begun, place);
    if (replaces) await rm(former, { recursive: true, force: true });
  } catch (error) {
    if (begun) await rm(begun, { recursive: true, force: true }).catch(() => undefined);
    throw new RunError({
      code: "unwritable",
      subject: setting("out"),
      expected: `to write '${out}'`,
      got: messageOf(error),
    });
  }
}
