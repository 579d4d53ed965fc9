/**
 * DICOM images that are not compressed: rescaled, through their window, dark and bright as they are meant (PS3.3, C.7.6.3 and C.11.2). Of the file only
 * what the pixels need is looked at: nothing of a patient leaves it.
 */
import type { DataSet } from "dicom-parser";
import type { ImageRefusal, NumberImage, RawImage } from "../../pixels/index.ts";
import { type DecodedFile, type FileFormat, mostPixels, refuseLater } from "./file-format.ts";

export const dicomFormat: FileFormat = {
  name: "dicom",
  endings: ["dcm", "dicom"],
  recognises: (bytes) => [0x44, 0x49, 0x43, 0x4d].every((byte, at) => bytes[128 + at] === byte),
  sizeOf: (bytes) =>
    withElements(bytes, tags.pixels, (data) => {
      const [height, width] = [data.uint16(tags.rows), data.uint16(tags.columns)];
      return height && width ? { height, width } : undefined;
    }),
  async decode(bytes, page) {
    const decoded = await withElements(bytes, undefined, (data) => decodeDicom(data, bytes, page));
    return decoded ?? { reason: "cannot be decoded: it is damaged, or no DICOM file" };
  },
};

/** Looks at what stands in a file, up to an element where one is named; undefined where it is damaged. */
async function withElements<T>(
  bytes: Uint8Array,
  untilTag: string | undefined,
  look: (data: DataSet) => T,
): Promise<T | undefined> {
  // Loaded when it is needed: a command reads few such files.
  const { default: parser } = await import("dicom-parser");
  try {
    return look(parser.parseDicom(bytes, untilTag === undefined ? {} : { untilTag }));
  } catch {
    // It throws texts, which may hold what the file says.
    return undefined;
  }
}

const tags = {
  syntax: "x00020010",
  samples: "x00280002",
  meaning: "x00280004",
  planes: "x00280006",
  frames: "x00280008",
  rows: "x00280010",
  columns: "x00280011",
  allocated: "x00280100",
  stored: "x00280101",
  high: "x00280102",
  signed: "x00280103",
  center: "x00281050",
  width: "x00281051",
  intercept: "x00281052",
  slope: "x00281053",
  shape: "x00281056",
  pixels: "x7fe00010",
} as const;

/** Transfer syntaxes of plain pixels: implicit and explicit, and explicit with the high byte first. */
const plainSyntaxes = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"];

interface Frame {
  readonly size: { readonly height: number; readonly width: number };
  readonly samples: number;
  readonly allocated: number;
  readonly stored: number;
  readonly isSigned: boolean;
  readonly isBig: boolean;
  /** The bytes of one frame. */
  readonly bytes: Uint8Array;
}

function decodeDicom(data: DataSet, bytes: Uint8Array, page: number): DecodedFile | ImageRefusal {
  const number = (tag: string, usual: number): number => data.uint16(tag) ?? usual;
  const syntax = data.string(tags.syntax) ?? plainSyntaxes[0]!;
  const pixels = data.elements[tags.pixels];
  if (!plainSyntaxes.includes(syntax) || pixels?.encapsulatedPixelData) {
    return { reason: "its pixels are compressed, which is not read; save it uncompressed, as dcmdjpeg does" };
  }
  const [height, width, samples] = [number(tags.rows, 0), number(tags.columns, 0), number(tags.samples, 1)];
  const allocated = number(tags.allocated, 0);
  const stored = number(tags.stored, allocated);
  const frames = Math.max(1, Math.trunc(Number(data.string(tags.frames) ?? 1)) || 1);
  if (!pixels || height === 0 || width === 0) return { reason: "file is a DICOM file without pixels" };
  if (height * width > mostPixels) return { reason: "image has more than 268 million pixels; shrink or cut it" };
  if (
    ![8, 16].includes(allocated) ||
    stored < 1 ||
    stored > allocated ||
    number(tags.high, stored - 1) !== stored - 1
  ) {
    return { reason: `samples are ${stored} of ${allocated} bits, which are not read` };
  }
  const refusal = refuseLater(page, frames);
  if (refusal) return refusal;
  const size = (height * width * samples * allocated) / 8;
  if (size * frames > pixels.length || pixels.dataOffset + pixels.length > bytes.length) {
    return { reason: "cannot be decoded: it is cut off" };
  }
  const start = pixels.dataOffset + size * (page - 1);
  const frame: Frame = {
    size: { height, width },
    ...{ samples, allocated, stored },
    isSigned: number(tags.signed, 0) === 1,
    isBig: syntax === plainSyntaxes[2],
    bytes: bytes.subarray(start, start + size),
  };
  const image = samples === 1 ? decodeGrey(data, frame) : decodeColour(data, frame);
  return "reason" in image ? image : { image, pages: frames };
}

/** The stored values, without the bits above those that are used. */
function valuesOf({ bytes, allocated, stored, isSigned, isBig }: Frame): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const free = 32 - stored;
  return Int32Array.from({ length: (8 * bytes.length) / allocated }, (_, at) => {
    const value = allocated === 8 ? bytes[at]! : view.getUint16(2 * at, !isBig);
    return isSigned ? (value << free) >> free : (value << free) >>> free;
  });
}

function decodeGrey(data: DataSet, frame: Frame): RawImage | NumberImage | ImageRefusal {
  const meaning = data.string(tags.meaning) ?? "MONOCHROME2";
  if (meaning !== "MONOCHROME1" && meaning !== "MONOCHROME2") {
    return {
      reason: `its colours are ${/^[A-Z0-9_ ]{1,16}$/.test(meaning) ? meaning : "of a kind"}, which are not read`,
    };
  }
  const isInverse = meaning === "MONOCHROME1";
  const values = valuesOf(frame);
  const [slope, intercept] = [data.floatString(tags.slope) ?? 1, data.floatString(tags.intercept) ?? 0];
  const window = windowOf(data);
  const size = { channels: 1, ...frame.size };
  if (window) {
    const pixels = Uint8Array.from(values, (value) => {
      const level = window(slope * value + intercept);
      return Math.round(isInverse ? 255 - level : level);
    });
    return { kind: "raw", pixels, ...size };
  }
  const most = 2 ** frame.stored - 1;
  const isPlain = !frame.isSigned && slope === 1 && intercept === 0;
  if (isPlain && frame.stored <= 8) {
    const pixels = Uint8Array.from(values, (value) => Math.round((255 * (isInverse ? most - value : value)) / most));
    return { kind: "raw", pixels, ...size };
  }
  // Without a window nobody says which values are black and white: those of the images trained on are.
  if (isPlain) {
    return {
      kind: "numbers",
      pixels: Uint16Array.from(values, (value) => (isInverse ? most - value : value)),
      ...size,
    };
  }
  const numbers = Float32Array.from(values, (value) => (slope * value + intercept) * (isInverse ? -1 : 1));
  return { kind: "numbers", pixels: numbers, ...size };
}

/** The first window of a file as a function from values to 0 to 255 (PS3.3, C.11.2.1.2 and C.11.2.1.3). */
function windowOf(data: DataSet): ((value: number) => number) | undefined {
  const [center, width] = [data.floatString(tags.center, 0), data.floatString(tags.width, 0)];
  if (center === undefined || width === undefined || !Number.isFinite(center) || !(width >= 1)) return undefined;
  const clamp = (level: number): number => Math.min(255, Math.max(0, level));
  const shape = data.string(tags.shape) ?? "LINEAR";
  if (shape === "SIGMOID") return (value) => 255 / (1 + Math.exp((-4 * (value - center)) / width));
  if (shape === "LINEAR_EXACT") return (value) => clamp(255 * ((value - center) / width + 0.5));
  if (width === 1) return (value) => (value <= center - 0.5 ? 0 : 255);
  return (value) => clamp(255 * ((value - (center - 0.5)) / (width - 1) + 0.5));
}

function decodeColour(data: DataSet, { bytes, samples, allocated, size }: Frame): RawImage | ImageRefusal {
  const meaning = data.string(tags.meaning) ?? "";
  const isLuma = meaning === "YBR_FULL";
  if (samples !== 3 || allocated !== 8 || !(isLuma || meaning === "RGB")) {
    return { reason: `its ${samples} channels of ${allocated} bits are no RGB` };
  }
  const area = size.height * size.width;
  const inPlanes = data.uint16(tags.planes) === 1;
  const pixels = new Uint8Array(3 * area);
  for (let at = 0; at < area; at++) {
    const [a, b, c] = [0, 1, 2].map((channel) => bytes[inPlanes ? channel * area + at : 3 * at + channel]!) as [
      number,
      number,
      number,
    ];
    // As JPEG does (ITU-T T.871).
    const [blue, red] = [b - 128, c - 128];
    const colours = isLuma ? [a + 1.402 * red, a - 0.344136 * blue - 0.714136 * red, a + 1.772 * blue] : [a, b, c];
    for (let channel = 0; channel < 3; channel++) {
      pixels[channel * area + at] = Math.min(255, Math.max(0, Math.round(colours[channel]!)));
    }
  }
  return { kind: "raw", pixels, channels: 3, ...size };
}
