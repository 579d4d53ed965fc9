/** Pixels as a data set stores them, and as decoders give them. */

/** Samples of 8 or of 16 bits. */
export type Samples = Uint8Array | Uint16Array;

/** Samples [channels, height, width]. One channel is grey, three are RGB, other numbers are bands. */
export interface Planes<Kind extends Samples = Samples> {
  readonly kind: "raw";
  readonly pixels: Kind;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Planes of 8 bits. */
export interface RawImage extends Planes<Uint8Array> {}

/** Numbers [channels, height, width] that are not of 8 bits, as a data set stores them: of 16 bits, or of floating point, which have no range of their own. */
export interface NumberImage {
  readonly kind: "numbers";
  readonly pixels: Uint16Array | Float32Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}
