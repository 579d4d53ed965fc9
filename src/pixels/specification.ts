/** The size of a model's input. */
import { ConfigError, type ImageShape } from "../base/index.ts";

/** Throws ConfigError, about `subject`, where image files cannot be brought to this form. */
export function checkSpecification({ channels, height, width }: ImageShape, subject: string): void {
  if (channels !== 1 && channels !== 3) {
    const expected = "1 (grey) or 3 (colour) channels";
    throw new ConfigError({ code: "unsupported", subject, expected, got: String(channels) });
  }
  for (const side of [height, width]) {
    if (!Number.isSafeInteger(side) || side < 1) {
      const expected = "height and width of 1 pixel or more";
      throw new ConfigError({ code: "out-of-range", subject, expected, got: `${height}x${width}` });
    }
  }
}
