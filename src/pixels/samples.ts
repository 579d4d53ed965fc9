/** Samples of 8 or 16 bits: arrays of the same kind, and from one kind to the other. Pure. */
import type { Planes, Samples } from "./raw-image.ts";

/** A new array of the kind of another. */
export function samplesLike<Kind extends Samples>(samples: Kind, length: number): Kind {
  return (samples instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length)) as Kind;
}

/** Interleaved samples [height, width, channels] as planes. */
export function planesOf<Kind extends Samples>(
  interleaved: Kind,
  { channels, height, width }: Pick<Planes, "channels" | "height" | "width">,
): Planes<Kind> {
  const area = height * width;
  const pixels = samplesLike(interleaved, channels * area);
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0, from = channel; pixel < area; pixel++, from += channels) {
      pixels[channel * area + pixel] = interleaved[from]!;
    }
  }
  return { kind: "raw", pixels, channels, height, width };
}

/** 16 bits as 8, the lower ones cut off; 8 bits as they are. */
export function toEightBits({ pixels, channels, height, width }: Planes): Planes<Uint8Array> {
  const eight = pixels instanceof Uint16Array ? Uint8Array.from(pixels, (sample) => sample >> 8) : pixels;
  return { kind: "raw", pixels: eight, channels, height, width };
}
