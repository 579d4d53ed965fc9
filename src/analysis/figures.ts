/** Pictures of an analysis, and the folder that they are written to. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../data/index.ts";
import { type Chart, chartPng } from "../report/index.ts";

/** A picture of an analysis. */
export interface AnalysisFigure {
  /** The name of its file without the ending; unique within an analysis. */
  readonly name: string;
  readonly caption: string;
  readonly alt: string;
  readonly image: Pick<Chart, "svg"> | { readonly png: Uint8Array };
}

/** Where pictures lie within the folder of an analysis. */
export const figureFolder = "figures";

/** Text as part of a file's name. */
export function fileNamePart(text: string): string {
  return text.replace(/[^\p{L}\p{N}._-]+/gu, "-");
}

/**
 * Writes every picture into `figures/` of a folder, charts as SVG and PNG.
 *
 * @returns what each picture shows, by file within the folder
 * @throws RunError where the disk refuses
 */
export async function writeFigures(
  folder: string,
  figures: readonly AnalysisFigure[],
): Promise<Record<string, string>> {
  const written: Record<string, string> = {};
  await mkdir(join(folder, figureFolder), { recursive: true });
  const write = async (name: string, content: string | Uint8Array, caption: string): Promise<void> => {
    await writeFileAtomic(join(folder, figureFolder, name), content);
    written[`${figureFolder}/${name}`] = caption;
  };
  for (const { name, image, caption } of figures) {
    if ("svg" in image) await write(`${name}.svg`, image.svg, caption);
    await write(`${name}.png`, "svg" in image ? await chartPng(image.svg) : image.png, caption);
  }
  return written;
}
