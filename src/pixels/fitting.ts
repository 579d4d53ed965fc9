/**
 * Images of other proportions than the model's: brought to the model's scale as they are, then surrounded by background or cut to their middle. What is
 * done to proportions is done after everything else, on whole pixels, so that it is the same wherever an image is prepared. Pure.
 */
import { imageSizeOf } from "../base/index.ts";
import { colourOf, defaultBackground, type InputForm } from "./specification.ts";

/** Height and width in pixels. */
interface Size {
  readonly height: number;
  readonly width: number;
}

/** The model's sides are enlarged at most to double, as where images are stretched. */
const mostEnlarged = 2;

/** An image that is so many times as long as it is wide has no middle to speak of. */
const mostElongated = 1000;

/** Whether the form keeps the proportions of images. */
export function isFitted({ fit = "stretch" }: InputForm): boolean {
  return fit !== "stretch";
}

/** Why an image of this size, upright, is not taken; undefined where it is. */
export function refuseFit(from: Size, form: InputForm): { readonly reason: string } | undefined {
  const { height, width } = from;
  const model = `${form.width}x${form.height}`;
  if (Math.max(height, width) > mostElongated * Math.min(height, width) && form.fit === "crop") {
    return { reason: `image is ${width}x${height}, too long for its middle to be cut out` };
  }
  if (scaleOf(from, form) <= mostEnlarged) return undefined;
  return { reason: `image is ${width}x${height}, smaller than half the model's ${model}` };
}

/** The form of an image of this size, upright, before it is surrounded or cut: the model's scale, its own proportions. */
export function fittedForm(from: Size, form: InputForm): InputForm {
  const scale = scaleOf(from, form);
  const side = (length: number, model: number): number => {
    const scaled = Math.round(length * scale);
    return form.fit === "pad" ? Math.min(model, Math.max(1, scaled)) : Math.max(model, scaled);
  };
  return { ...form, fit: "stretch", height: side(from.height, form.height), width: side(from.width, form.width) };
}

function scaleOf(from: Size, form: InputForm): number {
  const scales = [form.height / from.height, form.width / from.width] as const;
  return form.fit === "pad" ? Math.min(...scales) : Math.max(...scales);
}

/** Pixels uint8 [C, h, w] of the fitted form in the middle of the model's [C, H, W]: cut off where they are larger, on background where they are smaller. */
export function placeFitted(pixels: Uint8Array, fitted: Size, form: InputForm): Uint8Array {
  const { channels, height, width } = form;
  const result = new Uint8Array(imageSizeOf(form));
  const middle = (inner: number, outer: number): number => Math.floor((outer - inner) / 2);
  const [rows, columns] = [Math.min(height, fitted.height), Math.min(width, fitted.width)];
  const [top, left] = [middle(rows, height), middle(columns, width)];
  const [skippedRows, skippedColumns] = [middle(rows, fitted.height), middle(columns, fitted.width)];
  const levels = levelsOf(form);
  for (let channel = 0; channel < channels; channel++) {
    const plane = result.subarray(channel * height * width, (channel + 1) * height * width);
    plane.fill(levels[channel]!);
    for (let row = 0; row < rows; row++) {
      const from = (channel * fitted.height + row + skippedRows) * fitted.width + skippedColumns;
      plane.set(pixels.subarray(from, from + columns), (row + top) * width + left);
    }
  }
  return result;
}

/** The background in the form's colours. */
function levelsOf({ channels, background = defaultBackground }: InputForm): readonly number[] {
  const [red, green, blue] = colourOf(background);
  if (channels === 3) return [red, green, blue];
  return Array.from({ length: channels }, () => Math.round(0.299 * red + 0.587 * green + 0.114 * blue));
}

/** Whether an image's proportions differ from the form's by a pixel of the model or more. */
export function unlikeProportions(from: Size, form: InputForm): boolean {
  const { height, width } = fittedForm(from, { ...form, fit: "pad" });
  return height !== form.height || width !== form.width;
}
