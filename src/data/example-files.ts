/** Files for tests: folders that vanish afterwards, and bytes of every format. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import sharp from "sharp";
import { pack } from "tar-stream";

/** Where arbitrary inputs begin, so that a failure can be repeated. */
export const propertySeed = 20_240_607;

/** A temporary folder, and a function that removes it. */
export async function makeFolder(): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "outglow-data-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Writes files, making folders as needed. */
export async function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** A PNG of one colour. */
export function plainPng(width: number, height: number, colour = "#336699"): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: colour } })
    .png()
    .toBuffer();
}

/** A grey PNG of one level. */
export function greyPng(width: number, height: number, level: number): Promise<Buffer> {
  const raw = { width, height, channels: 1 } as const;
  return sharp(new Uint8Array(width * height).fill(level), { raw })
    .toColourspace("b-w")
    .png()
    .toBuffer();
}

/**
 * A PNG of exactly these samples [height, width, channels]: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha, of 8 or 16 bits. With an
 * EXIF block where an orientation is given.
 */
export function pngOf(
  samples: Uint8Array | Uint16Array,
  { channels, height, width, orientation }: PngDescription,
): Uint8Array<ArrayBuffer> {
  const deep = samples instanceof Uint16Array;
  const line = channels * width;
  const lineBytes = (deep ? 2 : 1) * line;
  const rows = Buffer.alloc(height * (1 + lineBytes));
  for (const [at, sample] of samples.entries()) {
    const start = Math.floor(at / line) * (1 + lineBytes) + 1;
    if (deep) rows.writeUInt16BE(sample, start + 2 * (at % line));
    else rows[start + (at % line)] = sample;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([deep ? 16 : 8, [0, 4, 2, 6][channels - 1]!, 0, 0, 0], 8);
  const chunks = [
    pngChunk("IHDR", header),
    ...(orientation === undefined ? [] : [pngChunk("eXIf", exifBlock(orientation))]),
    pngChunk("IDAT", deflateSync(rows, { level: 1 })),
    pngChunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...chunks]);
}

/** A JPEG with an EXIF block that gives an orientation. */
export function turnedJpeg(bytes: Uint8Array, orientation: number): Uint8Array<ArrayBuffer> {
  const block = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), exifBlock(orientation)]);
  const start = Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, 2 + block.length]);
  return Buffer.concat([start, block, bytes.subarray(2)]);
}

/** A TIFF header, little-endian, with a directory of one entry: tag 0x0112, one short. */
function exifBlock(orientation: number): Buffer {
  const directory = [1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0];
  return Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0, ...directory]);
}

interface PngDescription {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly orientation?: number;
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  chunk.set(body, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/** The bytes of a tar archive. */
export async function tarOf(files: Readonly<Record<string, Uint8Array | string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) {
    archive.entry({ name }, typeof content === "string" ? Buffer.from(content) : Buffer.from(content));
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The bytes of an IDX file of unsigned bytes. */
export function idxOf(dimensions: readonly number[], data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dimensions.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0800 + dimensions.length);
  for (const [axis, dimension] of dimensions.entries()) view.setUint32(4 + 4 * axis, dimension);
  bytes.set(data, 4 + 4 * dimensions.length);
  return bytes;
}

/** Bytes 0, 1, 2, ... that wrap at 256. */
export function countingBytes(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index + first);
}

/** CIFAR-10 records with these labels; record number n is filled with the level 10 n. */
export function cifarOf(labels: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(3073 * labels.length);
  for (const [record, label] of labels.entries()) {
    bytes.fill(10 * record, 3073 * record, 3073 * (record + 1));
    bytes[3073 * record] = label;
  }
  return bytes;
}

/** A tiny MNIST-like folder: 3 training and 2 test images of 4x4 with labels, the test part compressed. */
export function idxFiles(): Record<string, Uint8Array> {
  return {
    "train-images-idx3-ubyte": idxOf([3, 4, 4], countingBytes(48)),
    "train-labels-idx1-ubyte": idxOf([3], Uint8Array.of(7, 1, 7)),
    "t10k-images-idx3-ubyte.gz": gzipSync(idxOf([2, 4, 4], countingBytes(32, 100))),
    "t10k-labels-idx1-ubyte.gz": gzipSync(idxOf([2], Uint8Array.of(1, 2))),
  };
}

/** A member of a zip archive: its content, and what differs from a plain deflated file. */
export interface ZipContent {
  readonly content: Uint8Array | string;
  readonly method?: number;
  /** The mode of Unix, such as 0o120777 for a link. */
  readonly mode?: number;
  readonly flags?: number;
  /** The size that is told of it, where that is a lie. */
  readonly toldSize?: number;
}

/** The bytes of a zip archive, after `prefix`; with `zip64`, every size and place stands in a zip64 field. */
export function zipOf(
  files: Readonly<Record<string, ZipContent | Uint8Array | string>>,
  { zip64 = false, prefix = Buffer.alloc(0) as Uint8Array, comment = "" } = {},
): Buffer {
  const parts: Uint8Array[] = [prefix];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [path, given] of Object.entries(files)) {
    const file: ZipContent = typeof given === "string" || given instanceof Uint8Array ? { content: given } : given;
    const { method = 8, mode = 0o100644, flags = 0x800, toldSize } = file;
    const content = Buffer.from(file.content);
    const packed = method === 8 ? deflateRawSync(content) : content;
    const name = Buffer.from(path);
    const size = toldSize ?? content.length;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(45, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([signatureOf(0x04034b50), common, name, packed]);
    const record = Buffer.concat([signatureOf(0x02014b50), Buffer.from([45, 3]), common, Buffer.alloc(14)]);
    record.writeUInt16LE(mode, 40);
    record.writeUInt32LE(at, 42);
    const field = Buffer.alloc(zip64 ? 28 : 0);
    if (zip64) {
      field.writeUInt16LE(1, 0);
      field.writeUInt16LE(24, 2);
      for (const [place, value] of [size, packed.length, at].entries())
        field.writeBigUInt64LE(BigInt(value), 4 + 8 * place);
      for (const place of [20, 24, 42]) record.writeUInt32LE(0xffffffff, place);
      record.writeUInt16LE(field.length, 30);
    }
    directory.push(record, name, field);
    parts.push(local);
    at += local.length;
  }
  const listing = Buffer.concat(directory);
  const count = Object.keys(files).length;
  const end64 = Buffer.alloc(zip64 ? 76 : 0);
  if (zip64) {
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(44n, 4);
    for (const place of [24, 32]) end64.writeBigUInt64LE(BigInt(count), place);
    end64.writeBigUInt64LE(BigInt(listing.length), 40);
    end64.writeBigUInt64LE(BigInt(at), 48);
    end64.writeUInt32LE(0x07064b50, 56);
    end64.writeBigUInt64LE(BigInt(at + listing.length), 64);
    end64.writeUInt32LE(1, 72);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  for (const place of [8, 10]) end.writeUInt16LE(zip64 ? 0xffff : count, place);
  end.writeUInt32LE(zip64 ? 0xffffffff : listing.length, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, listing, end64, end, Buffer.from(comment)]);
}

function signatureOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The bytes of a .npy file of numbers in row-major order, as NumPy's format 1.0 says. */
export function npyOf(kind: string, shape: readonly number[], numbers: Uint8Array, order = "False"): Buffer {
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const text = `{'descr': ${kind.startsWith("[") ? kind : `'${kind}'`}, 'fortran_order': ${order}, 'shape': ${tuple}, }`;
  const length = Math.ceil((text.length + 11) / 64) * 64 - 10;
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8]);
  return Buffer.concat([start, Buffer.from(`${text.padEnd(length - 1)}\n`), numbers]);
}

/** Numbers as their bytes, little-endian. */
export function bytesOf(numbers: Uint16Array | Int32Array | Float32Array | Float64Array | BigInt64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** The bytes of a Windows bitmap, 2x2 unless said otherwise. */
export function bmpOf(given: {
  readonly bits: number;
  readonly rows: readonly number[];
  readonly width?: number;
  readonly height?: number;
  readonly compression?: number;
  readonly palette?: readonly number[];
  readonly masks?: readonly number[];
  /** OS/2's header of 12 bytes. */
  readonly core?: boolean;
}): Uint8Array {
  const { bits, rows, width = 2, height = 2, compression = 0, palette = [], masks = [], core = false } = given;
  const header = Buffer.alloc(core ? 26 : 54);
  header.write("BM", "latin1");
  header.writeUInt32LE(header.length + 4 * masks.length + palette.length, 10);
  header.writeUInt32LE(core ? 12 : 40, 14);
  if (core)
    for (const [index, value] of [width, height, 1, bits].entries()) header.writeUInt16LE(value, 18 + 2 * index);
  else {
    header.writeInt32LE(width, 18);
    header.writeInt32LE(height, 22);
    header.writeUInt16LE(1, 26);
    header.writeUInt16LE(bits, 28);
    header.writeUInt32LE(compression, 30);
    header.writeUInt32LE(palette.length / 4, 46);
  }
  const maskBytes = Buffer.alloc(4 * masks.length);
  for (const [index, mask] of masks.entries()) maskBytes.writeUInt32LE(mask, 4 * index);
  return Buffer.concat([header, maskBytes, Buffer.from(palette), Buffer.from(rows)]);
}

/** The bytes of a DICOM file of plain pixels. */
export function dicomOf(given: {
  readonly rows: number;
  readonly columns: number;
  readonly allocated: number;
  readonly stored: number;
  readonly values: readonly number[];
  readonly syntax?: string;
  readonly samples?: number;
  readonly meaning?: string;
  readonly planar?: boolean;
  readonly signed?: boolean;
  readonly frames?: string;
  readonly center?: string;
  readonly width?: string;
  readonly slope?: string;
  readonly intercept?: string;
  readonly shape?: string;
  readonly patient?: string;
}): Uint8Array {
  const { syntax = "1.2.840.10008.1.2.1", samples = 1, meaning = "MONOCHROME2", allocated, stored, values } = given;
  const isBig = syntax.endsWith(".1.2.2");
  const isImplicit = syntax === "1.2.840.10008.1.2";
  const number = (value: number, size: 2 | 4, big = isBig): Buffer => {
    const bytes = Buffer.alloc(size);
    if (size === 2) big ? bytes.writeUInt16BE(value) : bytes.writeUInt16LE(value);
    else big ? bytes.writeUInt32BE(value) : bytes.writeUInt32LE(value);
    return bytes;
  };
  const element = (tag: number, kind: string, content: Buffer, isMeta = false): Buffer => {
    const big = isBig && !isMeta;
    const name = [number(tag >>> 16, 2, big), number(tag & 0xffff, 2, big)];
    if (isImplicit && !isMeta) return Buffer.concat([...name, number(content.length, 4), content]);
    const isLong = kind === "OW";
    const length = isLong ? [Buffer.alloc(2), number(content.length, 4, big)] : [number(content.length, 2, big)];
    return Buffer.concat([...name, Buffer.from(kind), ...length, content]);
  };
  const text = (value: string, fill = " "): Buffer => Buffer.from(value.length % 2 === 0 ? value : value + fill);
  const texts = (tag: number, kind: string, value: string | undefined): Buffer[] =>
    value === undefined ? [] : [element(tag, kind, text(value))];
  const short = (tag: number, value: number): Buffer => element(tag, "US", number(value, 2));
  const pixels = Buffer.concat(values.map((value) => (allocated === 8 ? Buffer.of(value) : number(value, 2))));
  const meta = element(0x00020010, "UI", text(syntax, "\0"), true);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from("DICM"),
    element(0x00020000, "UL", number(meta.length, 4, false), true),
    meta,
    ...texts(0x00100010, "PN", given.patient),
    short(0x00280002, samples),
    ...texts(0x00280004, "CS", meaning),
    short(0x00280006, given.planar ? 1 : 0),
    ...texts(0x00280008, "IS", given.frames),
    short(0x00280010, given.rows),
    short(0x00280011, given.columns),
    short(0x00280100, allocated),
    short(0x00280101, stored),
    short(0x00280102, stored - 1),
    short(0x00280103, given.signed ? 1 : 0),
    ...texts(0x00281050, "DS", given.center),
    ...texts(0x00281051, "DS", given.width),
    ...texts(0x00281052, "DS", given.intercept),
    ...texts(0x00281053, "DS", given.slope),
    ...texts(0x00281056, "CS", given.shape),
    element(0x7fe00010, "OW", pixels),
  ]);
}

/** An array of a MATLAB file: uint8 values, columns first. */
export interface MatContent {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

/** The bytes of a MATLAB file of version 5, its arrays compressed where that is said. */
export function matOf(arrays: readonly MatContent[], compressed = true): Buffer {
  const header = Buffer.alloc(128, " ");
  header.write("MATLAB 5.0 MAT-file");
  header.writeUInt16LE(0x0100, 124);
  header.write("IM", 126);
  const element = (type: number, content: Uint8Array, fill = true): Buffer => {
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(type, 0);
    tag.writeUInt32LE(content.length, 4);
    return Buffer.concat([tag, content, Buffer.alloc(fill ? (8 - (content.length % 8)) % 8 : 0)]);
  };
  const matrix = ({ name, shape, values }: MatContent): Buffer => {
    const content = Buffer.concat([
      element(6, bytesOf(Int32Array.of(9, 0))),
      element(5, bytesOf(Int32Array.from(shape))),
      element(1, Buffer.from(name)),
      element(2, values),
    ]);
    return element(14, content);
  };
  return Buffer.concat([
    header,
    ...arrays.map((array) => (compressed ? element(15, deflateSync(matrix(array)), false) : matrix(array))),
  ]);
}
