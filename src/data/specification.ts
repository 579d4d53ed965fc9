/** The size of a model's input. */
import { ConfigError } from "../base/index.ts";

/** Channels (1 grey, 3 RGB), height and width in pixels of the images a model takes. */
export interface InputSpecification {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Bytes of one image. */
export function imageSizeOf({ channels, height, width }: InputSpecification): number {
  return channels * height * width;
}

/** Throws ConfigError where image files cannot be brought to this form. */
export function checkSpecification({ channels, height, width }: InputSpecification, where: string): void {
  if (channels !== 1 && channels !== 3) {
    throw new ConfigError(`${where} expects 1 (grey) or 3 (colour) channels, got ${channels}`);
  }
  for (const side of [height, width]) {
    if (!Number.isSafeInteger(side) || side < 1) {
      throw new ConfigError(`${where} expects height and width of 1 pixel or more, got ${height}x${width}`);
    }
  }
}
