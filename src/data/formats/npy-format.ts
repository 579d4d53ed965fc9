/**
 * Arrays of NumPy as images: .npy files in folders and archives, and .npz, which are archives of them. HxW, NxHxW, HxWxC, NxHxWxC and NxCxHxW, of
 * uint8, uint16 and floating-point numbers; labels beside them by their names.
 */
import { ConfigError, FormatError, isColoured, messageOf, mostChannels } from "../../base/index.ts";
import type { Planes } from "../../pixels/index.ts";
import { baseName, foldersOf, listNames } from "../files/path-names.ts";
import {
  type FileTree,
  type ImageFormat,
  isReadError,
  type Opening,
  type StoredFile,
  type StoredImage,
} from "../image-source.ts";
import { tooLarge } from "../limits.ts";
import { mapInOrder } from "../ordered.ts";
import {
  type ArrayHeader,
  type ArrayRefusal,
  countOf,
  headerSizeOf,
  isLabelKind,
  isPixelKind,
  labelsOf,
  parseArrayHeader,
  pixelsOf,
  usualHeader,
} from "./npy.ts";
import { joinParts, type RawPart, rawCatalogue } from "./raw-parts.ts";

export const npyFormat: ImageFormat = {
  name: "npy",
  members: ({ files }) => files.filter(({ path }) => /\.npy$/i.test(path)),
  concerns: (path) => /\.npy$/i.test(path),
  async open(tree, opening) {
    const arrays: OpenArray[] = [];
    const refused: Refused[] = [];
    const kept = { bytes: 0 };
    const files = npyFormat.members(tree);
    const open = (index: number) => openReadable(files[index]!, opening, kept);
    for await (const found of mapInOrder(files.length, open, { concurrency: 16, ahead: 64 })) {
      if ("reason" in found) refused.push(found);
      else arrays.push(found);
    }
    const images = arrays.filter(({ layout }) => layout !== undefined);
    if (images.length === 0) throw noImages(refused, arrays, tree, opening);
    const labels = await readLabels(arrays, images, opening);
    const parts = images.map((array) => partOf(array, labels.get(array), tree));
    const problems = refused.map(({ file, reason }) => ({ name: file.shown, reason: `it holds ${reason}` }));
    return { ...rawCatalogue("npy", joinParts(parts)), remarks: [...new Set(images.map(describe))], problems };
  },
};

/** How an array is laid out: a number of images, and where their axes are. */
interface Layout {
  readonly name: "HxW" | "NxHxW" | "HxWxC" | "NxHxWxC" | "NxCxHxW";
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

interface OpenArray {
  readonly file: StoredFile;
  readonly header: ArrayHeader;
  /** Undefined where the array may be labels. */
  readonly layout: Layout | undefined;
  /** Some bytes of the numbers. */
  readonly read: (offset: number, size: number) => Promise<Uint8Array>;
}

interface Refused extends ArrayRefusal {
  readonly file: StoredFile;
}

/** As `openArray`, where a file that cannot be read is refused as one of the wrong content is. */
async function openReadable(file: StoredFile, opening: Opening, kept: { bytes: number }) {
  try {
    return await openArray(file, opening, kept);
  } catch (error) {
    if (isReadError(error)) return { file, reason: `what cannot be read (${messageOf(error)})` };
    throw error;
  }
}

async function openArray(
  file: StoredFile,
  { limits, subject }: Opening,
  kept: { bytes: number },
): Promise<OpenArray | Refused> {
  const size = await file.size();
  if (file.readAt === undefined && size > limits.fileBytes) {
    throw tooLarge(subject, "a file", file.shown, "fileBytes", limits);
  }
  const whole = file.readAt ? undefined : await file.read();
  const readAt = file.readAt ?? (async (offset: number, length: number) => whole!.subarray(offset, offset + length));
  let start = await readAt(0, Math.min(size, usualHeader));
  const length = headerSizeOf(start);
  if (typeof length !== "number") return { file, ...length };
  if (length > start.length) start = await readAt(0, Math.min(size, length));
  const header = parseArrayHeader(start);
  if ("reason" in header) return { file, ...header };
  // Before anything is allocated: a header may tell of any number of images.
  const bytes = countOf(header) * header.size;
  if (bytes !== size - header.start) {
    const told = `numbers of ${header.shape.join("x")} in its header`;
    return { file, reason: `${told} and ${bytes > size - header.start ? "fewer" : "more"} in the file` };
  }
  const layout = layoutOf(header);
  if (layout && "reason" in layout) return { file, ...layout };
  if (whole && layout?.count === 1) {
    // One image of many files: read when it is wanted.
    return {
      file,
      header,
      layout,
      read: async (offset, wanted) => slice(await file.read(), header.start + offset, wanted),
    };
  }
  kept.bytes += whole?.length ?? 0;
  if (kept.bytes > limits.archiveBytes) {
    throw tooLarge(subject, "arrays in a compressed archive", file.shown, "archiveBytes", limits);
  }
  return { file, header, layout, read: (offset, wanted) => readAt(header.start + offset, wanted) };
}

function slice(bytes: Uint8Array, offset: number, size: number): Uint8Array {
  if (offset + size > bytes.length) throw new Error("it ends early");
  return bytes.subarray(offset, offset + size);
}

/** Whether a last of three axes is channels: colours, or bands of a picture that is wider and higher than they are many, and no strip. */
function areChannelsLast(height: number, width: number, channels: number): boolean {
  if (isColoured(channels)) return true;
  const sides = [height, width].sort((a, b) => a - b) as [number, number];
  return channels <= mostChannels && sides[0] > mostChannels && sides[1] <= 4 * sides[0];
}

/** Whether channels come last or second of four axes; undefined where neither may be. Colours go first, else the shorter axis. */
function channelAxis(second: number, last: number): "last" | "second" | undefined {
  if (isColoured(last)) return "last";
  if (isColoured(second)) return "second";
  if (Math.min(second, last) > mostChannels) return undefined;
  return last <= second ? "last" : "second";
}

/** How an array holds images; undefined where it may be labels, a reason where it is neither. */
function layoutOf({ shape, kind }: ArrayHeader): Layout | ArrayRefusal | undefined {
  const [first = 0, second = 0, third = 0, last = 0] = shape;
  if (isLabels({ shape, kind })) return undefined;
  const described = `${kindName(kind)} of ${shape.length === 0 ? "no axes" : shape.join("x")}`;
  if (!isPixelKind(kind)) return { reason: `${described} (save it as uint8, uint16 or floating point)` };
  if (shape.some((size) => size === 0)) return { reason: `${described}, which is nothing` };
  if (shape.length === 2) return { name: "HxW", count: 1, channels: 1, height: first, width: second };
  if (shape.length === 3) {
    if (areChannelsLast(first, second, third))
      return { name: "HxWxC", count: 1, channels: third, height: first, width: second };
    return { name: "NxHxW", count: first, channels: 1, height: second, width: third };
  }
  const axis = shape.length === 4 ? channelAxis(second, last) : undefined;
  if (axis === "last") {
    return { name: "NxHxWxC", count: first, channels: last, height: second, width: third };
  }
  if (axis === "second") {
    return { name: "NxCxHxW", count: first, channels: second, height: third, width: last };
  }
  return { reason: `${described}, neither HxW, NxHxW, HxWxC, NxHxWxC nor NxCxHxW of up to ${mostChannels} channels` };
}

function isLabels({ shape, kind }: Pick<ArrayHeader, "shape" | "kind">): boolean {
  return isLabelKind(kind) && (shape.length === 1 || (shape.length === 2 && shape[1] === 1));
}

const kindNames: Readonly<Record<string, string>> = { u: "uint", i: "int", f: "float", b: "bool", c: "complex" };

function kindName(kind: string): string {
  const [, type, size] = /([a-zA-Z])(\d+)$/.exec(kind) ?? [];
  return type !== undefined && type in kindNames
    ? `${kindNames[type]}${8 * Number(size)}`
    : `numbers of kind '${kind}'`;
}

/** How a file was understood, without its name: many files of one kind are one line. */
function describe({ header: { kind, shape }, layout }: OpenArray): string {
  const { name, count, channels, height, width } = layout!;
  const kinds = channels === 1 ? "grey " : channels === 3 ? "colour " : "";
  const bands = isColoured(channels) ? "" : ` and ${channels} channels`;
  const images = `${count} ${kinds}${count === 1 ? "image" : "images"} of ${width}x${height}${bands}`;
  return `${kindName(kind)} array ${shape.join("x")} taken as ${name}: ${images}`;
}

function partOf(
  { file, header, layout, read }: OpenArray,
  labels: readonly string[] | undefined,
  { container }: FileTree,
): RawPart {
  const { name, count, channels, height, width } = layout!;
  const folders = foldersOf(file.path);
  const bytes = channels * height * width * header.size;
  const single = count === 1;
  return {
    shown: file.shown,
    ...(single ? { name: file.shown } : {}),
    splits: [...splitsOf(file.path), ...folders],
    count,
    className: (index) => labels?.[index] ?? (single && container !== "file" ? folders.at(-1) : undefined),
    async read(index): Promise<StoredImage> {
      const numbers = pixelsOf(await read(index * bytes, bytes), header.kind)!;
      const pixels = name === "NxHxWxC" || name === "HxWxC" ? planar(numbers, channels) : numbers;
      const size = { channels, height, width };
      return pixels instanceof Uint8Array ? { kind: "raw", pixels, ...size } : { kind: "numbers", pixels, ...size };
    },
  };
}

/** [H, W, C] as [C, H, W]. */
function planar<Kind extends Uint8Array | Planes["pixels"] | Float32Array>(numbers: Kind, channels: number): Kind {
  if (channels === 1) return numbers;
  // Not slice(), which of a Buffer is no copy.
  const { length } = numbers;
  const result = (
    numbers instanceof Float32Array
      ? new Float32Array(length)
      : numbers instanceof Uint16Array
        ? new Uint16Array(length)
        : new Uint8Array(length)
  ) as Kind;
  const area = length / channels;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < area; pixel++) result[channel * area + pixel] = numbers[pixel * channels + channel]!;
  }
  return result;
}

/** `train` and `test` in a name such as `x_train` or `test_images`, as data sets call them. */
function splitsOf(path: string): string[] {
  const words = baseName(path)
    .toLowerCase()
    .replace(/\.npy$/, "")
    .split(/[_\-. ]/);
  return ["train", "test", "val"].filter((split) =>
    words.some((word) => word === split || (split === "val" && /^valid(ation)?$/.test(word))),
  );
}

const imageWords = /^(x|images?|imgs?|data|features|arr_0)$/;
const labelWords = /^(y|labels?|targets?|classes|arr_1)$/;

/** A name without the word that says what it holds: the same for images and their labels. */
function stemOf({ file: { path } }: OpenArray, words: RegExp): string | undefined {
  const name = path.toLowerCase().replace(/\.npy$/, "");
  const [folder, base] = [name.slice(0, name.length - baseName(name).length), baseName(name)];
  if (words.test(base)) return folder;
  const parts = base.split(/[_\-. ]/);
  const kept = parts.filter((part) => !words.test(part));
  return kept.length < parts.length ? folder + kept.join("_") : undefined;
}

async function readLabels(
  arrays: readonly OpenArray[],
  images: readonly OpenArray[],
  { subject }: Opening,
): Promise<Map<OpenArray, string[]>> {
  const labels = new Map<OpenArray, string[]>();
  for (const array of arrays.filter(({ layout }) => layout === undefined)) {
    const stem = stemOf(array, labelWords);
    const owner = stem === undefined ? undefined : images.find((image) => stemOf(image, imageWords) === stem);
    if (!owner) continue;
    const { header, file } = array;
    if (header.shape[0] !== owner.layout!.count) {
      throw new FormatError({
        code: "mismatch",
        subject,
        expected: `as many labels in '${file.shown}' as images in '${owner.file.shown}'`,
        got: `${header.shape[0]} for ${owner.layout!.count}`,
      });
    }
    labels.set(owner, labelsOf(await array.read(0, countOf(header) * header.size), header));
  }
  return labels;
}

function noImages(refused: readonly Refused[], arrays: readonly OpenArray[], tree: FileTree, { subject }: Opening) {
  const [first] = refused;
  if (first) {
    return new FormatError({
      code: "unsupported",
      subject,
      expected: `images in '${first.file.shown}'`,
      got: first.reason,
    });
  }
  return new ConfigError({
    code: "too-few-images",
    subject,
    expected: "images",
    got: `labels alone in '${tree.location}': ${listNames(arrays.map(({ file }) => file.path))}`,
  });
}
