/** What was found of sets of images, as files: contact sheets, a table, and all of it as JSON. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { asPath, csvRow } from "../../base/index.ts";
import { writeFileAtomic } from "../../data/index.ts";
import type { DataDescription, InspectedData } from "./data-inspection.ts";
import { drawFindings } from "./inspection-sheets.ts";

/** Writes the files into a folder, over those of the same names, and tells them. Throws RunError where the disk refuses. */
export async function writeFindings(data: InspectedData, folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  const put = async (name: string, content: Uint8Array | string): Promise<void> => {
    await writeFileAtomic(join(folder, name), content);
    written.push(join(folder, name));
  };
  for await (const { name, png } of drawFindings(data)) await put(name, png);
  await put("findings.csv", findingsTable(data.description));
  await put("info.json", `${JSON.stringify(data.description, null, 1)}\n`);
  return written;
}

/** A row for every image of every finding; images that show the same have the same number of a group. */
function findingsTable({ sets, duplicates, nearDuplicates, collisions }: DataDescription): string {
  const rows = [
    ["set", "finding", "score", "group", "class", "file", "reason"],
    ...sets.flatMap(({ set, unreadable, odd }) => [
      ...unreadable.map(({ name, reason }) => [set, "unreadable", "", "", "", asPath(name), reason]),
      ...Object.entries(odd).flatMap(([kind, found]) =>
        found.map(({ name, score }) => [set, kind, score.toFixed(3), "", "", asPath(name), ""]),
      ),
    ]),
    ...Object.entries({ duplicates, "near-duplicates": nearDuplicates, collisions }).flatMap(([kind, groups]) =>
      groups.flatMap(({ images, correlation }, group) =>
        images.map(({ set, name, className }) => [
          set,
          kind,
          correlation.toFixed(3),
          String(group + 1),
          className ?? "",
          asPath(name),
          "",
        ]),
      ),
    ),
  ];
  return `${rows.map(csvRow).join("\n")}\n`;
}
