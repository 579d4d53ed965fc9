/** A small picture of what the detector saw. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Thumbnail } from "../engine/index.ts";
import { thumbnailSide } from "./session.ts";

export function ThumbnailView({
  thumbnail,
  name,
}: {
  readonly thumbnail: Thumbnail | undefined;
  readonly name: string;
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !thumbnail) return;
    const { pixels, height, width, channels } = thumbnail;
    const image = new ImageData(width, height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let colour = 0; colour < 3; colour++) {
        image.data[4 * pixel + colour] = pixels[pixel * channels + Math.min(colour, channels - 1)]!;
      }
      image.data[4 * pixel + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }, [thumbnail]);
  return (
    <canvas
      ref={canvas}
      class="thumbnail"
      role="img"
      aria-label={name}
      width={thumbnail?.width ?? thumbnailSide}
      height={thumbnail?.height ?? thumbnailSide}
    />
  );
}
