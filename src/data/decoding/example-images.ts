/** Image files for tests: bytes of every kind that is decoded here. */
import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";

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
