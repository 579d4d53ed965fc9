/** The shape of one image, wherever one is spoken of: a model's input, a bijector's tensor, pixels as they are stored. */

/** Channels (1 grey, 3 RGB, others inside a flow), height and width in pixels. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Numbers of one image: channels * height * width. */
export function imageSizeOf({ channels, height, width }: ImageShape): number {
  return channels * height * width;
}
