/** What a search leaves: a table of all images, a sheet of the oddest and a report. */
import { basename } from "node:path";
import { asPath, csvRow } from "../../base/index.ts";
import { writeFileAtomic } from "../../data/index.ts";
import { renderContactSheet, renderHtmlReport, tableOf } from "../../report/index.ts";
import { boxedImages } from "../inspection/boxed-images.ts";
import { readerOf } from "../inspection/set-inspection.ts";
import { findFolder } from "./find-models.ts";
import type { FoundImage, FoundPile } from "./finding.ts";

/** Where they are. */
export interface FoundFiles {
  readonly table: string;
  readonly sheet: string;
  readonly report: string;
}

/** Thumbnails in a row. */
const columns = 8;

/** Images on a sheet at most: more than anybody looks at at once. */
const mostShown = 240;

/** Writes table, sheet and report into the folder of a search. Throws RunError where the disk refuses. */
export async function writeFound(found: FoundPile): Promise<FoundFiles> {
  const { table, sheet, report } = findFolder(found.settings.out);
  await writeFileAtomic(table, tableOfFound(found.images));
  const png = await sheetOf(found);
  await writeFileAtomic(sheet, png);
  await writeFileAtomic(report, pageOf(found, png));
  return { table, sheet, report };
}

/** All images, the oddest first. The columns that end in `_share` say by one expert which share of an image's half is at least as odd. */
function tableOfFound(images: readonly FoundImage[]): string {
  const experts = Object.keys(images[0]?.shares ?? {});
  const head = ["rank", "file", "score", "pile_share", "class", "same_as", "oddness"];
  const rows = images.map(({ rank, file, score, share, className, group, oddness, shares }) => [
    String(rank),
    asPath(file),
    score.toFixed(4),
    share.toFixed(6),
    className ?? "",
    String(group),
    oddness.toFixed(3),
    ...experts.map((name) => shares[name]!.toFixed(5)),
  ]);
  return `${[[...head, ...experts.map((name) => `${name}_share`)], ...rows].map(csvRow).join("\n")}\n`;
}

async function sheetOf({ images, top, pile }: FoundPile): Promise<Uint8Array> {
  const shown = images.slice(0, Math.min(top, mostShown));
  const read = await readerOf(pile.source);
  const batch = await boxedImages(
    shown.map(
      ({ image }) =>
        () =>
          read(pile.images.indices[image]!),
    ),
  );
  return renderContactSheet({
    title: `${shown.length} oddest of ${images.length} images, the oddest first`,
    images: batch,
    captions: shown.map(({ file, score }) => ({ name: basename(file), score })),
    columns,
  });
}

function pageOf({ images, heard, top, pile }: FoundPile, png: Uint8Array): string {
  const things = new Set(pile.known.groups).size;
  return renderHtmlReport({
    title: `What does not belong among ${images.length} images`,
    introduction: [
      `The ${top} oddest of ${images.length} images of ${things} different things. Nobody said which images are normal: what most of them have in common is.`,
    ],
    sections: [
      {
        heading: "The oddest images",
        figures: [
          {
            image: { png },
            caption: "The oddest first. The number is the score: nats by which the experts agree; higher is odder.",
            alt: `Contact sheet of the oddest images, from ${basename(images[0]?.file ?? "")} on`,
          },
        ],
        tables: [
          tableOf(images.slice(0, top), [
            { heading: "rank", value: ({ rank }) => rank },
            { heading: "image", value: ({ file }) => file },
            { heading: "score", value: ({ score }) => score, digits: 2 },
            { heading: "share of the pile", value: ({ share }) => share, digits: 4 },
            { heading: "most odd to", value: ({ shares }) => loudest(shares, [...heard, "likeness"]) },
          ]),
        ],
      },
      {
        heading: "How to read it",
        text: [
          "The share of the pile is a rank: 0.01 says that one image in a hundred of this pile is at least as odd. It is no p-value. A p-value compares with images that are known to be normal, and there are none here; " +
            "so nothing is said of how many of these images do not belong, and no rate of false discoveries can be promised. There is always an oddest image.",
          `Every image was scored by a flow that had not seen it, nor anything that shows the same thing. After a first pass the oddest tenth was left out, and the flows of the second pass, from which these scores are, learned from the rest. Scores that are heard, joined by ranks: ${heard.join(", ")}; and likeness to the oddest images of the other half.`,
          "Who has looked through the first images and taken out what does not belong has normal images: train on them for p-values and a rate of false alarms.",
        ],
      },
    ],
  });
}

/** Of those that are heard, the expert to which an image is oddest. */
function loudest(shares: FoundImage["shares"], heard: readonly string[]): string {
  return heard.reduce((low, name) => (shares[name]! < shares[low]! ? name : low));
}
