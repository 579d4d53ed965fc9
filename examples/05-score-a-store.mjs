// Scoring what lies in an object store, by a stream: any number of objects, a few in memory.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadDetector } from "outglow";

const [folder, store] = process.argv.slice(2);

/** Keys and bytes, one after another. With S3: ListObjectsV2 page by page, GetObject for each key. A folder stands for it here. */
async function* objects(bucket) {
  for (const key of await readdir(bucket)) yield { key, bytes: await readFile(join(bucket, key)) };
}

/** Some at a time. */
async function* inBatches(series, size) {
  const batch = [];
  for await (const one of series) {
    batch.push(one);
    if (batch.length === size) yield batch.splice(0);
  }
  if (batch.length > 0) yield batch;
}

const detector = await loadDetector(folder);
for await (const batch of inBatches(objects(store), 16)) {
  const rows = await detector.score(batch.map(({ bytes }) => bytes));
  for (const [index, { score, pValue }] of rows.entries())
    console.log(JSON.stringify({ key: batch[index].key, score, pValue }));
}
await detector.dispose();
