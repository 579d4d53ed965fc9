/** Galleries of images with their scores: thumbnails as data, capped, with heat maps that can be switched on. */

import { showNumber } from "../documents/table.ts";
import { escapeXml, shortenMiddle } from "../documents/text.ts";
import { showScore } from "./decision-words.ts";

/** One image of a gallery. */
export interface GalleryImage {
  readonly name: string;
  /** Where it comes from, such as the name of its set. */
  readonly set?: string;
  readonly score: number;
  readonly pValue?: number;
  /** A small PNG, JPEG or WebP. */
  readonly thumbnail: Uint8Array;
  /** A PNG with transparency to lay over it. */
  readonly map?: Uint8Array;
}

/** Images under a heading, in the order in which they are shown. */
export interface Gallery {
  readonly heading: string;
  readonly text?: string;
  readonly images: readonly GalleryImage[];
}

/** The most images of one gallery, and the most bytes of pictures of a whole page. */
const mostGalleryImages = 24;
const mostPictureBytes = 3_000_000;

/** All galleries as HTML. What is left out is counted. A stop's threshold decides which images are flagged at first. */
export function renderGalleries(galleries: readonly Gallery[], threshold: number | undefined): string {
  let room = mostPictureBytes;
  const parts = galleries.map(({ heading, text, images }) => {
    const shown = images.slice(0, mostGalleryImages).filter(({ thumbnail, map }) => {
      const bytes = thumbnail.length + (map?.length ?? 0);
      if (bytes > room) return false;
      room -= bytes;
      return true;
    });
    const left = images.length - shown.length;
    const note = left === 0 ? "" : `<p class="faint">${left} more not shown, to keep the page small.</p>`;
    const items = shown.map((image) => renderImage(image, threshold));
    return [
      `<h3>${escapeXml(heading)}</h3>`,
      ...(text === undefined ? [] : [`<p>${escapeXml(text)}</p>`]),
      shown.length === 0 ? "<p>None.</p>" : `<ul class="gallery">${items.join("\n")}</ul>`,
      note,
    ].join("\n");
  });
  const hasMaps = galleries.some(({ images }) => images.some(({ map }) => map !== undefined));
  const toggle = hasMaps
    ? '<p><label><input type="checkbox" id="maps"> Show heat maps over the images</label></p>'
    : "";
  return [toggle, ...parts].join("\n");
}

function renderImage(
  { name, set, score, pValue, thumbnail, map }: GalleryImage,
  threshold: number | undefined,
): string {
  const marked = threshold !== undefined && score > threshold;
  const details = [
    ...(set === undefined ? [] : [escapeXml(set)]),
    `score ${escapeXml(Number.isFinite(score) ? showScore(score) : "infinite")}`,
    ...(pValue === undefined ? [] : [`p = ${showNumber(pValue, pValue < 0.01 ? 4 : 3)}`]),
  ];
  return `<li data-score="${score}"${marked ? ' class="marked"' : ""}><span class="picture"><img alt="${escapeXml(name)}" src="${dataUrl(thumbnail)}">${map === undefined ? "" : `<img class="map" alt="" src="${dataUrl(map)}">`}</span>${escapeXml(shortenMiddle(name, 40))}<br>${details.join("<br>")}<br><span class="flag"${marked ? "" : " hidden"}>marked</span></li>`;
}

/** The picture as a data URL; its kind by its first bytes. */
function dataUrl(bytes: Uint8Array): string {
  const kind = bytes[0] === 0xff ? "jpeg" : bytes[0] === 0x52 ? "webp" : "png";
  return `data:image/${kind};base64,${Buffer.from(bytes).toString("base64")}`;
}
