/** The images that a view of a scoring shows, the most anomalous first, and what can be done with all of them. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { Button } from "../components/button.tsx";
import { Gallery } from "../components/gallery.tsx";
import { NumberField } from "../components/number-field.tsx";
import { Select } from "../components/select.tsx";
import { countOf, showNumber } from "../components/words.ts";
import { urlOf } from "../shell/client.ts";
import { goTo } from "../shell/router.ts";
import { markImages, marksOf, mostMarked, undoMarks } from "./marks.ts";
import { type Looked, look, type ShownKind, shownImages, shownKinds, viewOf } from "./view-state.ts";

const kindTitles: Readonly<Record<ShownKind, string>> = {
  all: "All",
  above: "Above the threshold",
  below: "Up to the threshold",
  marked: "Those you have marked",
};

/** Side of the pictures that are asked for: sharp on dense screens. */
const pictureSide = 128;

export function ShownGallery({ looked }: { readonly looked: Looked }): JSX.Element {
  const { loaded, column, threshold } = looked;
  const { id } = loaded.scoring;
  const state = viewOf(id).value;
  const marks = marksOf(id).value;
  const moves = state.shown === "above" || state.shown === "below";
  const images = useMemo(
    () => shownImages(state, looked),
    [state.range, state.hidden, state.shown, state.ascending, loaded, column, moves && threshold, marks],
  );
  const { values } = column;
  const limited = Array.from(images.subarray(0, mostMarked));
  const undone = marks.undo;
  // Nobody means all images by one press.
  const chosen = state.range !== undefined || state.shown !== "all" || state.hidden.length > 0;
  return (
    <section aria-labelledby="shown">
      <h2 id="shown">Images</h2>
      <div class="row">
        <Select
          label="Show"
          value={state.shown}
          choices={shownKinds.map((kind) => [kind, kindTitles[kind]])}
          onChoose={(shown) => look(id, { shown })}
        />
        <RangeField id={id} place={0} label="Score from" />
        <RangeField id={id} place={1} label="to" />
        {state.range && <Button onClick={() => look(id, { range: undefined })}>All scores</Button>}
        <Button onClick={() => look(id, { ascending: !state.ascending })}>
          {state.ascending ? "Most normal first" : "Most anomalous first"}
        </Button>
      </div>
      <p role="status">{countOf(images.length, "image")}</p>
      <Gallery
        label="Images by score"
        count={images.length}
        onOpen={(index) => goTo(`/scores/${id}/images/${images[index]}`)}
        itemAt={(index) => {
          const image = images[index];
          if (image === undefined) return undefined;
          const mark = marks.of.get(image);
          const above = values[image]! > threshold;
          return {
            source: urlOf("imagePicture", { parts: { run: id, image: String(image) }, query: { side: pictureSide } }),
            name: loaded.names[image] ?? String(image),
            caption: `${showNumber(values[image], 1)}${mark === undefined ? "" : mark === "normal" ? " ✓" : " ✗"}`,
            mark: [above ? "anomalous" : "", mark === undefined ? "" : `said-${mark}`].join(" ").trim() || undefined,
          };
        }}
      />
      <div class="row">
        {chosen && images.length > 0 && (
          <>
            <Button onClick={() => markImages(id, limited, "normal")}>
              Mark {countOf(limited.length, "image")} as normal
            </Button>
            <Button onClick={() => markImages(id, limited, "anomalous")}>as anomalous</Button>
          </>
        )}
        {undone && (
          <Button kind="quiet" onClick={() => undoMarks(id)}>
            Undo: {countOf(undone.count, "image")} {undone.mark === null ? "unmarked" : undone.mark}
          </Button>
        )}
      </div>
    </section>
  );
}

function RangeField({ id, place, label }: { readonly id: string; readonly place: 0 | 1; readonly label: string }) {
  const { range } = viewOf(id).value;
  const open = [-Number.MAX_VALUE, Number.MAX_VALUE] as const;
  const value = range && range[place] !== open[place] ? Number(range[place].toFixed(3)) : undefined;
  const onGiven = (given: number): void => {
    const next: [number, number] = [...(range ?? open)] as [number, number];
    next[place] = Number.isFinite(given) ? given : open[place];
    look(id, { range: next[0] === open[0] && next[1] === open[1] ? undefined : next });
  };
  return <NumberField label={label} value={value} onGiven={onGiven} />;
}
