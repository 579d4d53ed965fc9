/** The form of a model's input. */
import { ConfigError, type FitWay, type ImageShape, isColoured, mostChannels } from "../base/index.ts";

/** What lies below transparency where nothing else is said: drawings are dark more often than light. */
export const defaultBackground = "#ffffff";

/**
 * What a model's input is, and how stored images become it where there is a choice. What is not said: white, no images of 16 bits were
 * trained on, and other proportions are stretched.
 */
export interface InputForm extends ImageShape {
  /** The colour that lies below transparent pixels, as `#rrggbb`. */
  readonly background?: string | undefined;
  /**
   * Bits of a sample that files of 16 bits really use, as cameras of 10 or 12 bits do: the greatest value there can be is the brightest. The same
   * for all images in training and scoring. Null: such files were not trained on, and one whose values say that it uses fewer bits is refused.
   */
  readonly sampleBits?: number | null | undefined;
  /**
   * The numbers that are black and white in images of floating point, which have no range of their own: those of the images trained on (`rangeOf`). Null: such
   * images were not trained on, and they are refused.
   */
  readonly sampleRange?: readonly [black: number, white: number] | null | undefined;
  /** The numbers that are black and white in images of 16 bits, where they are read by percentiles of the images trained on instead of by the bits they use. */
  readonly deepRange?: readonly [black: number, white: number] | null | undefined;
  /** What becomes of images of other proportions than the model's. Padding has the background's colour. */
  readonly fit?: FitWay | undefined;
}

/** Why an image of so many channels is not taken; undefined where it is. Grey and colours become each other. */
export function refuseChannels(
  channels: number,
  form: Pick<ImageShape, "channels">,
): { readonly reason: string } | undefined {
  if (channels === form.channels || (isColoured(channels) && isColoured(form.channels))) return undefined;
  const own = channels === 1 ? "1 channel" : `${channels} channels`;
  return {
    reason: `image has ${own}, and the model takes ${isColoured(form.channels) ? "grey or colour" : form.channels}`,
  };
}

/** Red, green and blue of `#rrggbb`. */
export function colourOf(background: string): readonly [red: number, green: number, blue: number] {
  const level = (at: number): number => Number.parseInt(background.slice(at, at + 2), 16);
  return [level(1), level(3), level(5)];
}

/** Throws ConfigError where image files cannot be brought to this form. `subject` is what named the images. */
export function checkSpecification({ channels, height, width }: ImageShape, subject: string): void {
  if (!(Number.isSafeInteger(channels) && channels >= 1 && channels <= mostChannels)) {
    const expected = `1 (grey), 3 (colour) or other numbers of channels up to ${mostChannels}`;
    throw new ConfigError({ code: "out-of-range", subject, expected, got: String(channels) });
  }
  for (const side of [height, width]) {
    if (!Number.isSafeInteger(side) || side < 1) {
      const expected = "height and width of 1 pixel or more";
      throw new ConfigError({ code: "out-of-range", subject, expected, got: `${height}x${width}` });
    }
  }
}
