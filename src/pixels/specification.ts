/** The size of a model's input. */
import { ConfigError, type ImageShape } from "../base/index.ts";

/** Throws ConfigError where image files cannot be brought to this form. */
export function checkSpecification({ channels, height, width }: ImageShape, where: string): void {
  if (channels !== 1 && channels !== 3) {
    throw new ConfigError(`${where} expects 1 (grey) or 3 (colour) channels, got ${channels}`);
  }
  for (const side of [height, width]) {
    if (!Number.isSafeInteger(side) || side < 1) {
      throw new ConfigError(`${where} expects height and width of 1 pixel or more, got ${height}x${width}`);
    }
  }
}
