/** The normal images that are most like an image. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { choicesOf, Select } from "../components/select.tsx";
import { showCount, showNumber } from "../components/words.ts";
import { ask, urlOf } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";

type Nearest = ApiTypes["nearestImages"]["answer"];
type By = "terms" | "pixels";

const by = signal<By>("terms");

const words: Readonly<Record<By, string>> = {
  terms: "by the terms of every scale, each in its standard deviations",
  pixels: "by the pixels, shrunk to 16x16 in grey",
};

export function NearestImages({ run, image }: { readonly run: string; readonly image: number }): JSX.Element {
  const [found, setFound] = useState<Nearest | undefined>(undefined);
  const { value } = by;
  useEffect(() => {
    setFound(undefined);
    let gone = false;
    attempt(async () => {
      const nearest = await ask("nearestImages", { parts: { run, image: String(image) }, query: { by: value } });
      if (!gone) setFound(nearest);
    });
    return () => {
      gone = true;
    };
  }, [run, image, value]);
  return (
    <section aria-labelledby="nearest">
      <h2 id="nearest">Nearest normal images</h2>
      <div class="row">
        <Select
          label="Compared by"
          value={value}
          choices={choicesOf(["terms", "pixels"])}
          onChoose={(chosen) => (by.value = chosen)}
        />
      </div>
      <p class="faint small">
        {found ? `Of ${showCount(found.among)} images, ${words[value]}; below each its distance.` : "Looking"}
      </p>
      <ul class="nearest">
        {found?.neighbours.map((one) => (
          <li key={one.image}>
            <a href={`#/scores/${run}/images/${one.image}`} title={one.name}>
              <img
                src={urlOf("imagePicture", { parts: { run, image: String(one.image) }, query: { side: 128 } })}
                alt={one.name}
              />
              <span class="small">{showNumber(one.distance, 2)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
