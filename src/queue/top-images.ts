/** The most anomalous images of a job, read again from where they are: no more of them are in memory than a sheet shows. */
import { messageOf } from "../base/index.ts";
import { type PreparationProblem, pickImages, streamImages } from "../data/index.ts";
import { drawTop } from "../workflow/index.ts";
import { jobManifest } from "./job-detector.ts";
import type { Job, Shard } from "./job-files.ts";
import { type OpenSources, openShard } from "./shard-scoring.ts";
import type { JobRow } from "./shard-tables.ts";

/** A sheet of them, and those that could not be read any more. */
export interface TopSheet {
  readonly png: Uint8Array;
  readonly problems: readonly PreparationProblem[];
}

/** Draws rows that `mergeJob` gave as `top` on a contact sheet. Those whose images have gone, or are others now, are told of and left out. */
export async function drawTopSheet(job: Job, top: readonly JobRow[], images: number): Promise<TopSheet> {
  const { input } = await jobManifest(job);
  const problems: PreparationProblem[] = [];
  const pixels = new Map<number, Uint8Array>();
  const sources: OpenSources = new Map();
  for (const shard of job.shards) {
    const rows = top.filter(({ image }) => image >= shard.start && image < shard.start + shard.count);
    if (rows.length > 0) await readRows(job, shard, rows, { input, sources, pixels, problems });
  }
  const shown = top.flatMap((row) => {
    const own = pixels.get(row.image);
    return own
      ? [{ ...row, score: row.score!, pValue: row.pValue!, anomalous: row.anomalous === true, pixels: own }]
      : [];
  });
  return { png: await drawTop(input, job.record.decision, shown, images), problems };
}

interface Reading {
  readonly input: Parameters<typeof streamImages>[1];
  readonly sources: OpenSources;
  readonly pixels: Map<number, Uint8Array>;
  readonly problems: PreparationProblem[];
}

async function readRows(
  job: Job,
  shard: Shard,
  rows: readonly JobRow[],
  { input, sources, pixels, problems }: Reading,
): Promise<void> {
  const size = input.channels * input.height * input.width;
  let missing: PreparationProblem[] = [];
  try {
    const source = await openShard(job, shard, sources);
    const places = rows.map(({ image }) => shard.first + image - shard.start);
    const images = { ...pickImages(source, places), problems: [] };
    const onProblem = (problem: PreparationProblem): void => void missing.push(problem);
    for await (const batch of streamImages(images, input, { batchSize: 64, strict: false, onProblem })) {
      for (const [place, index] of batch.indices.entries()) {
        pixels.set(rows[index]!.image, batch.pixels.slice(place * size, (place + 1) * size));
      }
    }
  } catch (error) {
    // None of them could be read, or the shard not be opened.
    if (missing.length < rows.length) missing = rows.map(({ file }) => ({ name: file, reason: messageOf(error) }));
  }
  problems.push(...missing);
}
