/** Images in MATLAB's files, as SVHN keeps its cropped digits (Netzer et al. 2011): an array of HxWxCxN bytes, and labels of as many. */
import { FormatError } from "../../base/index.ts";
import { baseName, foldersOf } from "../files/path-names.ts";
import type { ImageFormat, Opening, StoredFile } from "../image-source.ts";
import { tooLarge } from "../limits.ts";
import { type MatArray, MatDamage, numbersOf, readMat, uint8Type } from "./mat.ts";
import { joinParts, type RawPart, rawCatalogue } from "./raw-parts.ts";

export const matFormat: ImageFormat = {
  name: "mat",
  members: ({ files }) => files.filter(({ path }) => /\.mat$/i.test(path)),
  concerns: (path) => /\.mat$/i.test(path),
  async open(tree, opening) {
    const parts: RawPart[] = [];
    for (const file of matFormat.members(tree)) parts.push(await openPart(file, opening));
    return rawCatalogue("mat", joinParts(parts));
  },
};

async function openPart(file: StoredFile, opening: Opening): Promise<RawPart> {
  const { subject, limits } = opening;
  if ((await file.size()) > limits.fileBytes) throw tooLarge(subject, "a file", file.shown, "fileBytes", limits);
  let arrays: readonly MatArray[];
  try {
    arrays = await readMat(await file.read(), limits.fileBytes);
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(subject, "an unpacked file", file.shown, "fileBytes", limits);
    if (error instanceof MatDamage) throw damaged(`a damaged one in '${file.shown}' (${error.message})`, opening);
    throw error;
  }
  const images = arrays.find(
    ({ shape, type }) =>
      type === uint8Type && shape.length === 4 && (shape[2] === 1 || shape[2] === 3) && !shape.includes(0),
  );
  if (!images) {
    const found = arrays.map(({ name, shape }) => `${name} ${shape.join("x")}`).join(", ");
    throw damaged(
      `'${file.shown}' with ${found === "" ? "no arrays" : found}, none of which is HxWxCxN of uint8`,
      opening,
    );
  }
  const [height, width, channels, count] = images.shape as [number, number, number, number];
  const labels = arrays.find(
    ({ name, shape }) => /^(y|labels?)$/i.test(name) && shape.length === 2 && shape.includes(1),
  );
  const classes = labels && numbersOf(labels);
  if (classes && classes.length !== count) {
    throw new FormatError({
      code: "mismatch",
      subject,
      expected: `as many labels in '${file.shown}' as images`,
      got: `${classes.length} for ${count}`,
    });
  }
  const name = baseName(file.path);
  // MATLAB counts from one: in SVHN a zero has the label 10.
  const isSvhn = /_32x32\.mat$/i.test(name);
  const split = /^(train|test|extra)/i.exec(name)?.[1]?.toLowerCase();
  const area = height * width;
  return {
    shown: file.shown,
    splits: [...(split ? [split] : []), ...foldersOf(file.path)],
    count,
    className: (index) => classes && String(isSvhn && classes[index] === 10 ? 0 : classes[index]!),
    read(index) {
      const columns = images.bytes.subarray(index * area * channels, (index + 1) * area * channels);
      const pixels = new Uint8Array(columns.length);
      for (let channel = 0; channel < channels; channel++) {
        for (let x = 0, at = channel * area; x < width; x++) {
          for (let y = 0; y < height; y++, at++) pixels[channel * area + y * width + x] = columns[at]!;
        }
      }
      return { kind: "raw", pixels, channels, height, width };
    },
  };
}

function damaged(got: string, { subject }: Opening): FormatError {
  return new FormatError({ code: "damaged", subject, expected: "a MATLAB file of images", got });
}
