/** Bilinear enlargement with half-pixel centres, as PyTorch's interpolate(mode="bilinear", align_corners=False) does it. */

/** Where an output position falls between two input positions. */
interface Tap {
  readonly low: number;
  readonly high: number;
  readonly share: number;
}

/** [C, H, W] to [C, height, width], rounded to the nearest level, ties to even. */
export function enlarge(
  image: { readonly pixels: Uint8Array; readonly channels: number; readonly height: number; readonly width: number },
  height: number,
  width: number,
): Uint8Array {
  const rows = taps(image.height, height);
  const columns = taps(image.width, width);
  const result = new Uint8Array(image.channels * height * width);
  let position = 0;
  for (let channel = 0; channel < image.channels; channel++) {
    const plane = channel * image.height * image.width;
    for (const row of rows) {
      const [upper, lower] = [plane + row.low * image.width, plane + row.high * image.width];
      for (const { low, high, share } of columns) {
        const top = mix(image.pixels[upper + low]!, image.pixels[upper + high]!, share);
        const bottom = mix(image.pixels[lower + low]!, image.pixels[lower + high]!, share);
        result[position++] = roundHalfToEven(mix(top, bottom, row.share));
      }
    }
  }
  return result;
}

function taps(from: number, to: number): Tap[] {
  return Array.from({ length: to }, (_, index) => {
    const place = Math.max(0, ((index + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(place));
    return { low, high: Math.min(from - 1, low + 1), share: place - low };
  });
}

function mix(a: number, b: number, share: number): number {
  return (1 - share) * a + share * b;
}

/** As torch.round and NumPy round. */
function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
