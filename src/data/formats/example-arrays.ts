/** Files of arrays for tests: bytes of IDX, CIFAR, NumPy and MATLAB files. */
import { deflateSync, gzipSync } from "node:zlib";
import { countingBytes } from "../example-files.ts";

/** The bytes of an IDX file of unsigned bytes. */
export function idxOf(dimensions: readonly number[], data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dimensions.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0800 + dimensions.length);
  for (const [axis, dimension] of dimensions.entries()) view.setUint32(4 + 4 * axis, dimension);
  bytes.set(data, 4 + 4 * dimensions.length);
  return bytes;
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
