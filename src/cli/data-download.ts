/** `outglow data download`: a public data set from its home to a folder. */
import { type DownloadOptions, downloadSet, type PublicSet, publicSet, publicSets } from "../download/index.ts";
import { openConsole } from "./console.ts";
import { showBytes } from "./data-cache.ts";
import type { TellingOptions } from "./options.ts";
import { printText } from "./standard-output.ts";

/** What is typed after `outglow data download`. */
export interface DataDownloadOptions extends TellingOptions {
  readonly out?: string;
  readonly acceptLicence: boolean;
  readonly force: boolean;
}

/** Brings a data set to a folder of its name, or lists all where none is named. */
export async function dataDownload(name: string | undefined, options: DataDownloadOptions): Promise<void> {
  if (name === undefined) return list(options);
  const set = publicSet(name);
  const folder = options.out ?? name;
  const output = openConsole(options.quiet);
  output.note(`${name}: ${set.about}; licence: ${set.licence.text}; ${set.home}`);
  const onProgress: DownloadOptions["onProgress"] = (file, bytes) =>
    output.live(`${file.name}: ${showBytes(bytes)} of ${showBytes(file.bytes)}`);
  const { acceptLicence, force: replace } = options;
  const outcome = await downloadSet(set, folder, { onProgress, acceptLicence, replace });
  output.settle();
  for (const { name, checksum } of set.files) {
    output.note(`${name}: size and ${checksum.algorithm} as ${checksum.source} has them`);
  }
  if (set.afterwards) output.note(set.afterwards);
  if (options.json) output.print(JSON.stringify({ name, folder, ...outcome }));
  else for (const path of outcome.unpacked.length > 0 ? outcome.unpacked : [folder]) output.print(path);
}

function list({ json }: TellingOptions): void {
  if (json) {
    printText(`${JSON.stringify(publicSets)}\n`);
    return;
  }
  const width = Math.max(...publicSets.map(({ name }) => name.length));
  for (const set of publicSets) {
    const { name, about, licence, home } = set;
    printText(`${name.padEnd(width)}  ${showBytes(sizeOf(set)).padStart(8)}  ${about} (${licence.text}; ${home})\n`);
  }
}

function sizeOf({ files }: PublicSet): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
