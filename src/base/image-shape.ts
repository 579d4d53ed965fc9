/** The shape of one image, wherever one is spoken of: a model's input, a bijector's tensor, pixels as they are stored. */

/** Channels (1 grey, 3 RGB, others of bands and inside a flow), height and width in pixels. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The most channels that images may have. */
export const mostChannels = 16;

/** Whether so many channels are grey or colours. Others are bands that stand for themselves: none is made of others, and none is transparency. */
export function isColoured(channels: number): boolean {
  return channels === 1 || channels === 3;
}

/** Numbers of one image: channels * height * width. */
export function imageSizeOf({ channels, height, width }: ImageShape): number {
  return channels * height * width;
}
