/** The location `builtin`: general images that the program makes itself, so that nobody has to collect any. */
import { ConfigError, type ImageShape, randomKey } from "../base/index.ts";
import { makeImages } from "../made/index.ts";
import type { ImageSource } from "./image-source.ts";
import { builtinPath, type Location } from "./location.ts";

/** How many images there are where no limit says otherwise: enough that a general model of a few thousand steps sees none of them often. */
const defaultLimit = 20_000;

/** What is made for those who ask before a model's input is known. */
const defaultSpecification: ImageShape = { channels: 3, height: 32, width: 32 };

/**
 * Opens the built-in images, of the made kind `natural`: `limit` of them (20,000 if not said), drawn from `seed` (0 if not said). Image `index` of a
 * seed is the same whatever the limit is. They are made as they are read, at the size and channels of the model that reads them: made larger and shrunk, as
 * photographs are, they could not serve models of every size and would cost more.
 *
 * @throws ConfigError for a selection of splits or classes, of which there are none.
 */
export function openBuiltin(location: string, { selection }: Location, subject: string): ImageSource {
  const { split, classes, limit = defaultLimit, seed = 0 } = selection;
  if (split !== undefined || classes !== undefined) {
    const got = split === undefined ? `class=${classes?.join("+")}` : `split=${split}`;
    throw new ConfigError({
      code: "unknown-name",
      subject,
      expected: `'${builtinPath}' without split and class, which built-in images do not have`,
      got: `'${got}'`,
      remedy: { key: "other", text: `write '${builtinPath}#limit=${limit},seed=${seed}'` },
    });
  }
  const key = randomKey(seed).fold(builtinPath);
  return {
    location,
    subject,
    problems: [],
    leftOut: [],
    remarks: [],
    format: builtinPath,
    length: limit,
    name: (index) => `${builtinPath}-${String(index).padStart(5, "0")}`,
    className: () => undefined,
    splitNames: () => [],
    async read(index, specification = defaultSpecification) {
      const { channels } = specification;
      if (channels !== 1 && channels !== 3) {
        throw new ConfigError({
          code: "mismatch",
          subject,
          expected: `images of ${channels} channels, as the model's are`,
          got: `'${builtinPath}', which is grey or RGB`,
          remedy: { key: "other", text: `give general images of ${channels} channels` },
        });
      }
      const { pixels } = makeImages({ kind: "natural", first: index, count: 1, specification, key });
      return { kind: "raw", pixels, ...specification };
    },
    channels: async () => 3,
  };
}
