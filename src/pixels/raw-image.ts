/** Pixels as a data set stores them. */

/** uint8 [channels, height, width]. One channel is grey, three are RGB. */
export interface RawImage {
  readonly kind: "raw";
  readonly pixels: Uint8Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}
