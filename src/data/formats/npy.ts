/** The header of a .npy file of NumPy (format versions 1 to 3), and its numbers. Pure. */

/** What a file holds: numbers of one kind in row-major order. */
export interface ArrayHeader {
  /** NumPy's name of the kind, such as `<f4`. */
  readonly kind: string;
  readonly shape: readonly number[];
  /** Bytes before the numbers. */
  readonly start: number;
  /** Bytes of one number. */
  readonly size: number;
}

/** Bytes that hold any header but one that is very long. */
export const usualHeader = 1 << 12;
const longestHeader = 1 << 16;
const mostAxes = 32;

/** Why a file is not read, in words that follow `got`. */
export interface ArrayRefusal {
  readonly reason: string;
}

/** How many bytes of a file its header takes, by its first 12; a reason where it is none. */
export function headerSizeOf(bytes: Uint8Array): number | ArrayRefusal {
  const isArray = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59].every((byte, at) => bytes[at] === byte);
  if (!isArray || bytes.length < 12) return { reason: bytes.length === 0 ? "an empty file" : "no NumPy array" };
  const isLong = bytes[6]! > 1;
  const length = bytes[8]! + 256 * bytes[9]! + (isLong ? 65536 * bytes[10]! + 2 ** 24 * bytes[11]! : 0);
  if (bytes[6] === 0 || bytes[6]! > 3) return { reason: `NumPy's format ${bytes[6]}, which is not known` };
  if (length > longestHeader) return { reason: `a header of ${length} bytes` };
  return length + (isLong ? 12 : 10);
}

/** Reads a whole header (`headerSizeOf`). */
export function parseArrayHeader(bytes: Uint8Array): ArrayHeader | ArrayRefusal {
  const start = headerSizeOf(bytes);
  if (typeof start !== "number") return start;
  if (bytes.length < start) return { reason: "a file that is cut off" };
  const text = new TextDecoder().decode(bytes.subarray(bytes[6]! > 1 ? 12 : 10, start));
  const kind = /['"]descr['"]\s*:\s*(?:'([^']*)'|"([^"]*)"|(\[))/.exec(text);
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text);
  const shape = /['"]shape['"]\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (!kind || !order || !shape) return { reason: "a damaged header" };
  const sizes = shape[1]!
    .split(",")
    .map((size) => size.replace("L", "").trim())
    .filter((size) => size !== "")
    .map(Number);
  if (sizes.length > mostAxes || !sizes.every(Number.isSafeInteger)) return { reason: "a damaged header" };
  if (kind[3]) return { reason: "a table of named columns" };
  const name = kind[1] ?? kind[2]!;
  if (/^[|<>=]?O/.test(name)) return { reason: "Python objects, which are never loaded" };
  const parts = /^[|<>=]?([a-zA-Z])(\d+)$/.exec(name);
  if (!parts) return { reason: `numbers of kind '${name}'` };
  if (order[1] === "True" && sizes.filter((size) => size > 1).length > 1) {
    return { reason: "columns before rows (save numpy.ascontiguousarray of it)" };
  }
  const size = Number(parts[2]) * (parts[1] === "U" ? 4 : 1);
  return { kind: name, shape: sizes, start, size };
}

/** How many numbers there are. May be beyond every integer. */
export function countOf({ shape }: Pick<ArrayHeader, "shape">): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Numbers that pixels are: as they are, those of 64 bits rounded to 32. Undefined for other kinds. `bytes` may begin anywhere in memory. */
export function pixelsOf(bytes: Uint8Array, kind: string): Uint8Array | Uint16Array | Float32Array | undefined {
  if (/^[|<>=]?u1$/.test(kind)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = !kind.startsWith(">");
  switch (kind.replace(/^[<>=]/, "")) {
    case "u2":
      return Uint16Array.from({ length: bytes.length / 2 }, (_, at) => view.getUint16(2 * at, isLittle));
    case "f4":
      return Float32Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(4 * at, isLittle));
    case "f8":
      return Float32Array.from({ length: bytes.length / 8 }, (_, at) => view.getFloat64(8 * at, isLittle));
    default:
      return undefined;
  }
}

/** Kinds of numbers that pixels may be. */
export function isPixelKind(kind: string): boolean {
  return /^(?:[|<>=]?u1|[<>=](?:u2|f4|f8))$/.test(kind);
}

/** Kinds of whole numbers and texts, which labels may be. */
export function isLabelKind(kind: string): boolean {
  return /^[|<>=]?(?:[iu][1248]|U[1-9]\d{0,3})$/.test(kind);
}

/** Labels as texts. */
export function labelsOf(bytes: Uint8Array, { kind, size }: Pick<ArrayHeader, "kind" | "size">): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = !kind.startsWith(">");
  const type = kind.replace(/^[|<>=]/, "");
  const read = (at: number): number | bigint => {
    switch (type) {
      case "i1":
        return view.getInt8(at);
      case "u1":
        return view.getUint8(at);
      case "i2":
        return view.getInt16(at, isLittle);
      case "u2":
        return view.getUint16(at, isLittle);
      case "i4":
        return view.getInt32(at, isLittle);
      case "u4":
        return view.getUint32(at, isLittle);
      case "i8":
        return view.getBigInt64(at, isLittle);
      default:
        return view.getBigUint64(at, isLittle);
    }
  };
  const text = (at: number): string => {
    let letters = "";
    for (let letter = at; letter < at + size; letter += 4) {
      const code = view.getUint32(letter, isLittle);
      if (code !== 0) letters += code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
    }
    return letters.normalize("NFC");
  };
  return Array.from({ length: bytes.length / size }, (_, index) =>
    type.startsWith("U") ? text(index * size) : String(read(index * size)),
  );
}
