/** Opening a location: which container and which format it is, and which of its images are selected. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { ConfigError, FormatError, isUserError, messageOf } from "../base/index.ts";
import { isStoreAddress } from "../storage/index.ts";
import { openBuiltin } from "./builtin-images.ts";
import type { NamedPlace } from "./cache/stamps.ts";
import { fileContainer, folderContainer } from "./containers/folder-tree.ts";
import { endingOf } from "./containers/litter.ts";
import { isPattern, patternContainer } from "./containers/pattern-tree.ts";
import { storeContainer } from "./containers/store-tree.ts";
import { tarContainer } from "./containers/tar-tree.ts";
import { zipContainer } from "./containers/zip-tree.ts";
import { chooseSide, type ImageUse } from "./dataset-layout.ts";
import { detectChannels } from "./decoding/preparation.ts";
import { readableName, systemPath } from "./files/path-bytes.ts";
import { baseName } from "./files/path-names.ts";
import { cifar10Format, cifar100Format } from "./formats/cifar-format.ts";
import { idxFormat } from "./formats/idx-format.ts";
import { areMasks, imageFilesFormat, supportedImages } from "./formats/image-files.ts";
import { manifestFormat } from "./formats/manifest-format.ts";
import { matFormat } from "./formats/mat-format.ts";
import { npyFormat } from "./formats/npy-format.ts";
import { parquetFormat } from "./formats/parquet-format.ts";
import { videoFormat } from "./formats/video-format.ts";
import {
  concernsAll,
  type FileContainer,
  type FileTree,
  type ImageCatalogue,
  type ImageFormat,
  type ImageSource,
  isReadError,
  type Opening,
  type PreparationProblem,
  type SourceFiles,
  type StoredFile,
} from "./image-source.ts";
import { joinCatalogues } from "./joined-catalogues.ts";
import { openEach } from "./joined-sources.ts";
import { defaultLimits, type SourceLimits } from "./limits.ts";
import { isBuiltin, locateImages, type Selection } from "./location.ts";
import { selectImages } from "./selection.ts";
import { addOtherFile, type LeftOut } from "./source-summary.ts";

/** Files that hold files. */
const archives: readonly FileContainer[] = [tarContainer, zipContainer];

/** What holds files. The first one that matches is opened. */
const containers: readonly FileContainer[] = [folderContainer, ...archives, fileContainer];

/** What images look like in files. The first one that matches and is what its name says is opened. */
const formats: readonly ImageFormat[] = [
  idxFormat,
  cifar10Format,
  cifar100Format,
  imageFilesFormat,
  videoFormat,
  npyFormat,
  parquetFormat,
  matFormat,
  manifestFormat,
];

const supported = `${supportedImages}, .tar, .tar.gz and .zip of those, IDX, CIFAR-10/100 binary, .npy and .npz, Parquet, SVHN's .mat, videos (with ffmpeg), lists of images in .csv, .jsonl and .txt`;

/** How a location is opened. */
export interface OpenOptions {
  /** What the images are for. In MVTec's layout it decides which side is meant where the location does not say. */
  readonly use?: ImageUse;
  /** Limits other than the usual ones (`defaultLimits`). */
  readonly limits?: Partial<SourceLimits>;
}

/**
 * Opens images without reading them.
 *
 * @param location `PATH` or `PATH#split=test,class=3+5,limit=1000,seed=1` (`location.ts`): a folder of image files (sub-folders are classes), an image
 * file, a .tar, .tar.gz or .zip of images, an IDX file (.gz too) or folder, .npy files or a .npz, Parquet files of images, a list of image files (.csv, .jsonl, .txt), a pattern such as `photos/*.png`, a CIFAR binary folder or its .tar.gz, or a folder with such archives.
 * `page=2` reads the second page of files with several. `builtin` or `builtin#limit=20000,seed=0` are images that the program makes itself, whatever
 * lies on the disk; a folder of that name is `./builtin`. Several locations are one source, in their order; strays among them are counted and named.
 * @param subject what named the location, such as `setting("normal")`; begins every message.
 * @throws ConfigError where nothing is there, no images are, the selection names nothing or a limit is passed; FormatError where a file is damaged.
 */
export async function openImages(
  location: string | readonly string[],
  subject: string,
  options: OpenOptions = {},
): Promise<ImageSource> {
  return openEach(typeof location === "string" ? [location] : location, subject, (one) =>
    openOne(one, subject, options),
  );
}

async function openOne(location: string, subject: string, { use, limits }: OpenOptions): Promise<ImageSource> {
  const { path, selection } = await locateImages(location, subject);
  if (isBuiltin(location)) return openBuiltin(location, { path, selection }, subject);
  const opening: Opening = {
    subject,
    limits: { ...defaultLimits, ...limits },
    fps: selection.fps,
    concerns: (inside) => formats.some((format) => format.concerns(inside)),
  };
  const listed = Date.now();
  const { catalogue, places, leftOut, problems } = await openCatalogue(path, opening);
  checkKeys(selection, catalogue, subject);
  const side = chooseSide(catalogue, selection, use, subject);
  const chosen = selectImages(catalogue, selection, subject, side?.indices);
  if (chosen.length === 0) {
    throw new ConfigError({ code: "too-few-images", subject, expected: "images", got: `only masks in '${location}'` });
  }
  const { page } = selection;
  const { columns } = catalogue;
  const masks = countMasks(catalogue, selection);
  const source = {
    location,
    subject,
    format: catalogue.format,
    length: chosen.length,
    problems: problems.map(({ name, reason }) => ({ name: readableName(name), reason })),
    leftOut: masks ? [...leftOut, masks] : leftOut,
    remarks: [...(catalogue.remarks ?? []), ...(side ? [side.remark] : [])],
    name: (index: number) => catalogue.name(chosen[index]!),
    className: (index: number) => catalogue.className(chosen[index]!),
    ...(columns ? { columns: { names: columns.names, of: (index: number) => columns.of(chosen[index]!) } } : {}),
    splitNames: (index: number) => catalogue.splitNames(chosen[index]!),
    read: async (index: number) => {
      const image = await catalogue.read(chosen[index]!);
      return page === undefined || image.kind !== "encoded" ? image : { ...image, page };
    },
  };
  const files = (): SourceFiles | undefined => {
    // Of objects no times are known that nobody can set.
    if (isStoreAddress(path)) return undefined;
    const { format, decoder = null, fileOf } = catalogue;
    const about = [resolve(path), format, decoder, page ?? null, opening.fps ?? null, opening.limits];
    if (fileOf) {
      const at = (index: number): NamedPlace => fileOf(chosen[index]!);
      if (chosen.some((index) => isStoreAddress(fileOf(index).place))) return undefined;
      return { about: JSON.stringify(about), count: chosen.length, at, apart: true, listed };
    }
    const all = places();
    const which = createHash("sha256").update(chosen).digest("hex");
    return {
      about: JSON.stringify([...about, which]),
      count: all.length,
      at: (index) => all[index]!,
      apart: false,
      listed,
    };
  };
  return { ...source, channels: () => detectChannels(source), files };
}

/** Throws ConfigError for keys of a selection that other images have. */
function checkKeys({ page, fps }: Selection, { format }: ImageCatalogue, subject: string): void {
  const wrong = [
    page !== undefined && format !== "images" && { key: "page", value: page, what: "image files" },
    fps !== undefined && format !== "video" && { key: "fps", value: fps, what: "videos" },
  ].find((one) => one !== false);
  if (!wrong) return;
  const { key, value, what } = wrong;
  throw new ConfigError({
    code: "conflicting-settings",
    subject,
    expected: `'${key}' with ${what}`,
    got: `'${key}=${value}' with ${format === "images" ? "image files" : `${format} data`}`,
  });
}

/** Masks that are not asked for. */
function countMasks({ format, length, splitNames, name }: ImageCatalogue, { split }: Selection): LeftOut | undefined {
  if (format !== "images" || (split !== undefined && areMasks([split]))) return undefined;
  let count = 0;
  let example = "";
  for (let index = 0; index < length; index++) {
    if (!areMasks(splitNames(index))) continue;
    if (count === 0) example = name(index);
    count++;
  }
  return count === 0 ? undefined : { kind: "masks", what: "image", count, example };
}

interface OpenedCatalogue {
  readonly catalogue: ImageCatalogue;
  /** The files that hold the images. */
  readonly places: () => readonly NamedPlace[];
  readonly leftOut: readonly LeftOut[];
  readonly problems: readonly PreparationProblem[];
}

async function openCatalogue(path: string, opening: Opening): Promise<OpenedCatalogue> {
  const tree = isStoreAddress(path) ? await storeContainer.open(path, opening) : await openOnDisk(path, opening);
  const opened = await openFormat(tree, opening);
  if (opened === undefined) {
    const inner = await openArchives(archivesIn(tree, opening), opening);
    return {
      ...inner,
      problems: [...tree.problems, ...inner.problems],
      leftOut: [...tree.leftOut.list(), ...inner.leftOut],
    };
  }
  const { catalogue, format, problems } = opened;
  countOthers(tree, format);
  const places = (): readonly NamedPlace[] => tree.places(format.members(tree));
  return { catalogue, places, problems: [...tree.problems, ...problems], leftOut: tree.leftOut.list() };
}

/** The files at a path of this machine. */
async function openOnDisk(path: string, opening: Opening): Promise<FileTree> {
  const { subject } = opening;
  const status = await stat(systemPath(path)).catch((error: NodeJS.ErrnoException) => {
    // What exists is never a pattern.
    if (error.code === "ENOENT" && isPattern(path)) return undefined;
    const got = error.code === "ENOENT" ? `nothing at '${path}'` : `'${path}': ${messageOf(error)}`;
    throw new ConfigError({
      code: error.code === "ENOENT" ? "not-found" : "unreadable",
      subject,
      expected: "images",
      got,
    });
  });
  const container = status ? containers.find(({ matches }) => matches(path, status.isDirectory())) : patternContainer;
  return container!.open(path, opening).catch((error: NodeJS.ErrnoException) => {
    if (error.syscall === undefined) throw error;
    const got = `'${path}', which cannot be read: ${messageOf(error)}`;
    throw new ConfigError({ code: "unreadable", subject, expected: "images", got });
  });
}

/** The first format whose files are there and are what their names say. What only has the name of one ends nothing where others have images. */
async function openFormat(tree: FileTree, opening: Opening) {
  const present = formats.filter((format) => format.members(tree).length > 0);
  const problems: PreparationProblem[] = [];
  for (const [index, format] of present.entries()) {
    try {
      const catalogue = await format.open(tree, opening);
      return { catalogue, format, problems: [...problems, ...(catalogue.problems ?? [])] };
    } catch (thrown) {
      const [first] = format.members(tree);
      const error = isReadError(thrown) ? unreadable(first!, thrown, opening) : thrown;
      if (index === present.length - 1 || !isUserError(error) || concernsAll(error)) throw error;
      const reason = error.fault ? `expected ${error.fault.expected}, got ${error.fault.got}` : messageOf(error);
      problems.push({ name: first!.shown, reason: `not read as ${format.name}: ${reason}` });
    }
  }
  return undefined;
}

/** The error for a data set whose files cannot be read. */
function unreadable({ shown }: StoredFile, { message }: Error, { subject }: Opening): FormatError {
  const got = `'${shown}', which cannot be read: ${message}`;
  return new FormatError({ code: "unreadable", subject, expected: "images", got });
}

/** Counts the files that the opened format does not read. */
function countOthers(tree: FileTree, format: ImageFormat): void {
  const members = format.members(tree);
  if (members.length === tree.files.length) return;
  const read = new Set(members.map(({ path }) => path));
  // Those of formats before this one were told of where they were not what their names say.
  const others = formats.slice(formats.indexOf(format) + 1);
  const later = new Set(others.flatMap((other) => other.members(tree).map(({ path }) => path)));
  for (const { path, shown } of tree.files) {
    if (read.has(path) || format.concerns(path)) continue;
    if (imageFilesFormat.concerns(path)) {
      tree.leftOut.add("beside", `${endingOf(baseName(path))} image`, shown);
    } else if (later.has(path) || !formats.some((other) => other !== format && other.concerns(path)))
      addOtherFile(tree.leftOut, shown);
  }
}

/** One archive as it is, several as one set: what an archive is called is a split of its images. One that is damaged among others ends nothing. */
async function openArchives(found: readonly StoredFile[], opening: Opening): Promise<OpenedCatalogue> {
  if (found.length === 1) return openCatalogue(found[0]!.shown, opening);
  const parts: (OpenedCatalogue & { readonly name: string })[] = [];
  const problems: PreparationProblem[] = [];
  let first: unknown;
  for (const { path, shown } of found) {
    const name = readableName(baseName(path))
      .replace(/(\.tar)?\.\w+$/i, "")
      .normalize("NFC");
    try {
      parts.push({ ...(await openCatalogue(shown, opening)), name });
    } catch (error) {
      if (!isUserError(error) || concernsAll(error)) throw error;
      first ??= error;
      problems.push({ name: shown, reason: error.fault ? `got ${error.fault.got}` : messageOf(error) });
    }
  }
  if (parts.length === 0) throw first;
  return {
    catalogue: joinCatalogues(parts),
    places: () => parts.flatMap(({ name, places }) => places().map((one) => ({ ...one, name: `${name}/${one.name}` }))),
    problems: [...problems, ...parts.flatMap((part) => part.problems)],
    leftOut: parts.flatMap((part) => part.leftOut),
  };
}

/** The archives in a folder that holds no images itself. */
function archivesIn({ container, location, files, problems }: FileTree, { subject }: Opening): readonly StoredFile[] {
  const isArchive = ({ path }: StoredFile): boolean => archives.some(({ matches }) => matches(path, false));
  const found = container === "folder" ? files.filter(isArchive) : [];
  if (found.length > 0) return found;
  const remedy = { key: "other", text: `supported: ${supported}` } as const;
  if (container === "file") {
    throw new ConfigError({ code: "unsupported", subject, expected: "images", got: `'${location}'`, remedy });
  }
  const held = files.length === 0 ? `an empty ${container}` : `0 among ${files.length} files in the ${container}`;
  const closed = problems[0] ? `, '${problems[0].name}': ${problems[0].reason}` : "";
  const got = `${held} '${location}'${closed}`;
  throw new ConfigError({ code: "too-few-images", subject, expected: "images", got, remedy });
}
