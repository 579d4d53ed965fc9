/** Where a page's detector comes from: a folder of its server, or files that were dropped or made in the page. */
import { FormatError } from "../../src/base/index.ts";
import type { FileReader } from "../../src/detector/portable.ts";
import { fetchIfThere, type OnBytes } from "./fetching.ts";
import type { DetectorFiles, NamedBlob } from "./messages.ts";

/** A reader of a detector's files. */
export function readerOf(files: DetectorFiles, onBytes?: OnBytes): FileReader {
  return files.kind === "served" ? servedFiles(files.folder, onBytes) : filesAtHand(files.name, files.files);
}

function servedFiles(folder: string, onBytes: OnBytes | undefined): FileReader {
  const base = folder.endsWith("/") ? folder : `${folder}/`;
  const describe = (name: string): string => base + name;
  return {
    location: folder,
    describe,
    // A server that answers with a page for whatever it lacks: the checksums say so.
    read: (name, mostBytes) => fetchIfThere(describe(name), mostBytes, onBytes),
  };
}

/** Files whose names end alike count by that end: a folder that was dropped brings its own name along. */
function filesAtHand(location: string, files: readonly NamedBlob[]): FileReader {
  const byName = new Map(files.map(({ name, blob }) => [name.split("/").at(-1)!, blob]));
  const describe = (name: string): string => `${location}/${name}`;
  return {
    location,
    describe,
    async read(name, mostBytes) {
      const blob = byName.get(name);
      if (blob === undefined) return undefined;
      if (blob.size > mostBytes) {
        throw new FormatError({
          code: "too-large",
          subject: `'${describe(name)}'`,
          expected: `at most ${mostBytes} bytes`,
          got: String(blob.size),
        });
      }
      return new Uint8Array(await blob.arrayBuffer());
    },
  };
}
