/**
 * What reading a thousand images from an object store asks of it: requests and bytes for images by themselves, in a tar, a zip and a Parquet file, counted by a server that
 * speaks S3, listing and opening apart from reading.
 *
 *     npm run build && node bench/store-calls.mjs [BYTES]
 *
 * The images are noise of a size: nothing is decoded.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import S3rver from "@20minutes/s3rver";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { mapInOrder, openImages } from "outglow/data";
import { storeOf } from "outglow/storage";

const [, , bytes = "20000"] = process.argv;
/** The server cannot list more in one folder: its way to a second page takes a cipher that OpenSSL has given up. */
const images = 1000;
const size = Number(bytes);
const folder = await mkdtemp(join(tmpdir(), "outglow-store-"));
const other = new S3rver({ silent: true, directory: folder, configureBuckets: [{ name: "bucket" }] });
await other.configureBuckets();
const answer = other.callback();
let asked = { list: 0, get: 0, bytes: 0 };
const server = createServer((request, response) => {
  asked[/^\/bucket\?/.test(request.url) ? "list" : "get"]++;
  const write = response.write;
  for (const name of ["write", "end"]) {
    const plain = name === "write" ? write : response.end;
    response[name] = (...given) => {
      if (given[0]?.length) asked.bytes += given[0].length;
      return plain.apply(response, given);
    };
  }
  answer(request, response);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
process.env.AWS_ACCESS_KEY_ID = "S3RVER";
process.env.AWS_SECRET_ACCESS_KEY = "S3RVER";
process.env.AWS_REGION = "us-east-1";
process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${server.address().port}`;

try {
  await fill();
  for (const location of ["single", "tars", "zips", "tables"]) await measure(location);
} finally {
  server.close();
  await rm(folder, { recursive: true });
}

async function measure(location) {
  asked = { list: 0, get: 0, bytes: 0 };
  const began = performance.now();
  const source = await openImages(`s3://bucket/${location}`, "images");
  const opening = asked;
  const middle = performance.now();
  asked = { list: 0, get: 0, bytes: 0 };
  // As images are loaded.
  for await (const _ of mapInOrder(source.length, (index) => source.read(index), { concurrency: 16, ahead: 64 }));
  const seconds = [middle - began, performance.now() - middle].map((ms) => (ms / 1000).toFixed(1));
  const show = ({ list, get, bytes: sent }) => `${list} lists, ${get} gets, ${(sent / 1e6).toFixed(1)} MB`;
  console.log(
    `${location}: ${source.length} images of ${size} bytes: opened by ${show(opening)} in ${seconds[0]} s, read by ${show(asked)} in ${seconds[1]} s`,
  );
}

async function fill() {
  const store = storeOf("images");
  const put = (key, content) => store.put({ bucket: "bucket", key }, content);
  const files = Array.from({ length: images }, (_, index) => ({
    name: `images/${String(index).padStart(8, "0")}.jpg`,
    content: randomBytes(size),
  }));
  for (const file of files) await put(`single/${file.name}`, file.content);
  await put("tars/000.tar", tarOf(files));
  await put("zips/000.zip", zipOf(files));
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    rowGroupSize: 1000,
    columnData: [{ name: "image", type: "BYTE_ARRAY", data: files.map(({ content }) => new Uint8Array(content)) }],
  });
  await put("tables/train-000.parquet", new Uint8Array(writer.getBytes()));
}

function tarOf(files) {
  const parts = files.flatMap(({ name, content }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write("0000644\0", 100);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("        0", 148);
    header.write("ustar\x0000", 257);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function zipOf(files) {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const { name, content } of files) {
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0);
    about.writeUInt32LE(crc32(content), 10);
    about.writeUInt32LE(content.length, 14);
    about.writeUInt32LE(content.length, 18);
    about.writeUInt16LE(name.length, 22);
    const header = Buffer.concat([Buffer.from("PK\x03\x04"), about, Buffer.from(name)]);
    const entry = Buffer.alloc(16);
    entry.writeUInt32LE(at, 12);
    directory.push(Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), about, entry.subarray(2), Buffer.from(name));
    parts.push(header, content);
    at += header.length + content.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, index, end]);
}
