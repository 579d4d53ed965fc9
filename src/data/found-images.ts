/** Counting what images are like while they are read. */
import { isColoured } from "../base/index.ts";
import type { PixelRemark, PreparedFile } from "./decoding/preparation.ts";
import type { FoundImages, Remark } from "./source-summary.ts";

type Usable = Exclude<PreparedFile, { readonly reason: string }>;

const texts: Readonly<Record<PixelRemark, string>> = {
  "first-page": "with more than one page, of which the first was read ('#page=2' reads another)",
  background: "with transparency, laid on the background",
  "sample-bits": "of 16 bits, read by the bits that they use",
  "sample-range": "of floating-point numbers, read by the range of those trained on",
  "deep-range": "of 16 bits, read by the range of those trained on",
  stretch: "of other proportions than the model's, stretched",
  pad: "of other proportions than the model's, on background",
  crop: "of other proportions than the model's, cut to their middle",
};

/** What must not be missed: of the others, one may have been meant to differ. */
const isWarning: Readonly<Record<PixelRemark, boolean>> = {
  "first-page": true,
  background: false,
  "sample-bits": false,
  "sample-range": false,
  "deep-range": false,
  stretch: false,
  pad: false,
  crop: false,
};

/** A tally of images of a model of so many channels: how many, how large, grey or colour, and what was remarked. */
export function tallyFound(channels: number): {
  add(name: string, image: Usable): void;
  result(): FoundImages;
} {
  let count = 0;
  let grey = 0;
  let smallest: readonly [number, number] | undefined;
  let largest: readonly [number, number] | undefined;
  const remarks = new Map<PixelRemark, Remark>();
  return {
    add(name, { stored, remarks: those }) {
      count++;
      if (stored.grey) grey++;
      const area = stored.width * stored.height;
      if (!smallest || area < smallest[0] * smallest[1]) smallest = [stored.width, stored.height];
      if (!largest || area > largest[0] * largest[1]) largest = [stored.width, stored.height];
      for (const key of those) {
        const before = remarks.get(key);
        const example = before?.example ?? name;
        remarks.set(key, {
          kind: key,
          text: texts[key],
          isWarning: isWarning[key],
          count: (before?.count ?? 0) + 1,
          example,
        });
      }
    },
    result: () => ({
      count,
      grey,
      ...(!isColoured(channels) && { bands: channels }),
      smallest,
      largest,
      remarks: [...remarks.values()],
    }),
  };
}
