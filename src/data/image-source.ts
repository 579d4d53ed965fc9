/** Where images come from: names, classes and splits are known at once, pixels are read when asked for. */
import { basename } from "node:path";
import { ConfigError, nearestSpelling, permutation, randomKey } from "../base/index.ts";
import { archiveFormat } from "./formats/archive.ts";
import { cifarFormat } from "./formats/cifar.ts";
import { folderFormat } from "./formats/folder.ts";
import { idxFormat } from "./formats/idx.ts";
import type { ImageEntry, ImageFormat, OpenedImages } from "./formats/image-format.ts";
import { describePath } from "./path-description.ts";
import { encodedChannels } from "./preparation.ts";
import { parseLocation, type Selection } from "./selection.ts";

/** Images of one location, in a fixed order. */
export interface ImageSource {
  readonly location: string;
  readonly format: string;
  readonly length: number;
  readonly entries: readonly ImageEntry[];
  /** 1 if the first readable image is grey, else 3. */
  channels(): Promise<1 | 3>;
}

/** Tried in this order; a new format is one file and one line here. Whatever no other takes is a folder or a file of images. */
const formats: readonly ImageFormat[] = [idxFormat, cifarFormat, archiveFormat, folderFormat];

/**
 * Opens a location: `PATH` or `PATH#split=test,class=3+5,limit=1000,seed=1`.
 * `where` begins every message. Throws ConfigError for a path, selection or content that cannot be used, FormatError for a damaged file.
 */
export async function openImages(location: string, where: string): Promise<ImageSource> {
  const { path, selection } = parseLocation(location, where);
  const described = await describePath(path, where);
  const format = formats.find((candidate) => candidate.matches(described)) ?? folderFormat;
  const opened = await format.open(described, where);
  if (opened.entries.length === 0) {
    throw new ConfigError(`${where} expects images, found 0 in '${path}'; supported: ${supportedFormats}`);
  }
  const entries = selectEntries(opened, selection, path, where);
  return {
    location,
    format: opened.format,
    length: entries.length,
    entries,
    channels: () => countChannels(entries),
  };
}

/** What a person may give, for messages. */
export const supportedFormats =
  "PNG, JPEG, WebP, AVIF, TIFF and GIF files, folders and .tar archives of them, IDX and CIFAR files";

function selectEntries(opened: OpenedImages, selection: Selection, path: string, where: string): readonly ImageEntry[] {
  let entries = opened.entries;
  if (selection.split !== undefined) {
    const { split } = selection;
    const known = distinct(entries.flatMap(({ splits }) => splits));
    entries = entries.filter(({ splits }) => splits.includes(split));
    if (entries.length === 0) throw unknownPart("split", split, known, path, where);
  }
  if (selection.classes !== undefined) {
    const known = distinct(entries.flatMap(({ className }) => (className === undefined ? [] : [className])));
    const missing = selection.classes.find((name) => !known.includes(name));
    if (missing !== undefined) throw unknownPart("class", missing, known, path, where);
    const wanted = new Set(selection.classes);
    entries = entries.filter(({ className }) => className !== undefined && wanted.has(className));
  }
  if (selection.seed !== undefined) {
    const all = entries;
    const order = permutation(all.length, randomKey(selection.seed).fold("selection").stream());
    entries = Array.from(order, (index) => all[index]!);
  }
  return selection.limit === undefined ? entries : entries.slice(0, selection.limit);
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function unknownPart(kind: string, name: string, known: readonly string[], path: string, where: string): ConfigError {
  const shown = 12;
  const list =
    known.length === 0 ? "none" : `${known.slice(0, shown).join(", ")}${known.length > shown ? ", ..." : ""}`;
  const hint = known.length === 0 ? "" : `; did you mean ${kind}=${nearestSpelling(name, known)}?`;
  return new ConfigError(`${where} expects a ${kind} of '${basename(path)}' (${list}), got '${name}'${hint}`);
}

/** The first few images decide; unreadable ones are passed over. */
async function countChannels(entries: readonly ImageEntry[]): Promise<1 | 3> {
  for (const entry of entries.slice(0, 16)) {
    try {
      const image = await entry.read();
      if (image.kind === "encoded") return await encodedChannels(image.bytes);
      return image.channels === 1 ? 1 : 3;
    } catch {}
  }
  return 3;
}
