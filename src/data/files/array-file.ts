/** Numbers as NumPy keeps them (.npy, format version 1.0). */

/** The bytes of a file that NumPy reads as a float32 or uint8 array of this shape, row-major. */
export function writeArray(values: Float32Array | Uint8Array, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const kind = values instanceof Uint8Array ? "|u1" : "<f4";
  const sizes = `${shape.join(", ")}${shape.length === 1 ? "," : ""}`;
  const header = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // Magic, version and the header's length are ten bytes; all of it is a multiple of 64 and ends with a line break.
  const length = Math.ceil((header.length + 11) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length + values.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8]);
  bytes.set(new TextEncoder().encode(`${header.padEnd(length - 1)}\n`), 10);
  if (values instanceof Uint8Array) {
    bytes.set(values, 10 + length);
    return bytes;
  }
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < values.length; index++) view.setFloat32(10 + length + 4 * index, values[index]!, true);
  return bytes;
}
