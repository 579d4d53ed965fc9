/** An image with a map laid over it, as strongly as one likes. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { choicesOf, Select } from "../components/select.tsx";
import { Slider } from "../components/slider.tsx";
import { ask, urlOf } from "../shell/client.ts";
import { useDrawn } from "./drawn-picture.ts";

type Image = ApiTypes["scoredImage"]["answer"];

export interface ImageViewProps {
  readonly run: string;
  readonly image: Image;
  /** The score that is looked at: its map is shown where there is one. */
  readonly score: string;
}

/** Kept from image to image. */
const chosenMap = signal<string | undefined>(undefined);
const opacity = signal(0.7);

/** The longest side of pictures, pixels. */
const side = 1024;

export function ImageView({ run, image, score }: ImageViewProps): JSX.Element {
  const { maps, name } = image;
  const names = maps.map((map) => map.name);
  const wanted = [chosenMap.value, score].find((one) => one !== undefined && (one === "" || names.includes(one)));
  const map = wanted ?? names[0] ?? "";
  const whole = maps.find((one) => one.name === map)?.whole ?? true;
  const parts = { run, image: String(image.image) };
  const picture = urlOf("imagePicture", { parts, query: { side, prepared: whole ? "0" : "1" } });
  const tints = map === "" ? undefined : urlOf("imageMap", { parts: { ...parts, map }, query: { side } });
  const drawn = useDrawn(tints);
  const shown = chosenMap.value === "" ? "" : map;
  return (
    <div class="image-view">
      <figure>
        <div class="layers">
          <img key={picture} class="below" src={picture} alt={name} />
          {drawn.url !== undefined && (
            <img
              class="above"
              src={drawn.url}
              alt={`Map of ${map}: where the score comes from`}
              style={{ opacity: opacity.value }}
            />
          )}
        </div>
        <figcaption class="small faint" aria-live="polite">
          {whole ? "As it is stored" : "As the model sees it"}
          {drawn.busy && "; the map is being drawn"}
          {drawn.problem !== undefined && `; no map: ${drawn.problem}`}
        </figcaption>
      </figure>
      {maps.length > 0 ? (
        <div class="row">
          <Select
            label="Map"
            value={shown}
            choices={[["", "none"], ...choicesOf(names)]}
            onChoose={(name) => (chosenMap.value = name)}
          />
          <Slider
            label="Opacity"
            value={opacity.value}
            least={0}
            most={1}
            step={0.05}
            show={(value) => `${Math.round(100 * value)}%`}
            onInput={(value) => (opacity.value = value)}
          />
        </div>
      ) : (
        <p class="faint small">This detector has no maps: its scores have no places.</p>
      )}
    </div>
  );
}

/** Asks for what is known of an image. */
export function loadImage(run: string, image: string): Promise<Image> {
  return ask("scoredImage", { parts: { run, image } });
}
