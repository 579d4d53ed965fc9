/** Parquet files for tests, as Hugging Face publishes images. */
import type { SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";

/** How a file is written, where it differs from snappy pages of a megabyte. */
export interface ParquetStyle {
  readonly codec?: "SNAPPY" | "UNCOMPRESSED" | "GZIP" | "BROTLI" | "ZSTD";
  readonly compress?: (bytes: Uint8Array) => Uint8Array;
  readonly rowGroupSize?: number;
  readonly pageSize?: number;
}

const schema: SchemaElement[] = [
  { name: "root", num_children: 3 },
  { name: "image", num_children: 2, repetition_type: "OPTIONAL" },
  { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
  { name: "path", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
  { name: "label", type: "INT64", repetition_type: "OPTIONAL" },
  { name: "caption", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
];

/** The bytes of a file with a row an image; undefined for a missing one. `names` are those of the labels. */
export function parquetOf(
  images: readonly (Uint8Array | undefined)[],
  labels: readonly number[],
  names: readonly string[],
  { codec = "SNAPPY", compress, rowGroupSize = 1000, pageSize = 1 << 20 }: ParquetStyle = {},
): Buffer {
  const features = {
    image: { _type: "Image" },
    label: { names, _type: "ClassLabel" },
    caption: { dtype: "string", _type: "Value" },
  };
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: "image", data: images.map((bytes, index) => (bytes ? { bytes, path: `${index}.png` } : null)) },
      { name: "label", data: labels.map(BigInt) },
      { name: "caption", data: labels.map((label) => `picture of ${label}`) },
    ],
    schema,
    codec,
    ...(compress ? { compressors: { [codec]: compress } } : {}),
    rowGroupSize,
    pageSize,
    kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }],
  });
  return Buffer.from(buffer);
}
