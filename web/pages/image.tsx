/** Image: one image under a detector: where its score comes from, what every scale says, what it is like; and what a person says of it. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { Table } from "../components/table.tsx";
import { showCount, showNumber } from "../components/words.ts";
import { ImageView, loadImage } from "../looking/image-view.tsx";
import "../looking/looking.css";
import { loadMarks, type Mark, markImages, marksOf, undoMarks } from "../looking/marks.ts";
import { NearestImages } from "../looking/nearest-images.tsx";
import { loadColumn, recentScoring } from "../looking/scoring-data.ts";
import { TermsChart } from "../looking/terms-chart.tsx";
import { showRate, thresholdOf } from "../looking/thresholds.ts";
import { shownImages, viewOf } from "../looking/view-state.ts";
import { attempt } from "../shell/errors.ts";
import { withKeys } from "../shell/keys.ts";
import { goTo } from "../shell/router.ts";
import type { PageProps } from "../shell/routes.ts";

type Image = ApiTypes["scoredImage"]["answer"];

/** The images before and after, in the order of the gallery that it was opened from. */
interface Neighbours {
  readonly place: number;
  readonly count: number;
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly score: string;
  readonly threshold: number;
}

export function ImagePage({ parts: { run = "", image: number = "" } }: PageProps): JSX.Element {
  const image = useSignal<Image | undefined>(undefined);
  const around = useSignal<Neighbours | undefined>(undefined);
  const marks = marksOf(run).value;
  useEffect(() => {
    attempt(async () => (image.value = await loadImage(run, number)));
    loadMarks(run);
    attempt(async () => (around.value = await neighboursOf(run, Number(number))));
  }, [run, number]);
  const { value: one } = image;
  const { value: beside } = around;
  const go = (to: number | undefined): void => {
    if (to !== undefined) goTo(`/scores/${run}/images/${to}`);
  };
  const mark = one ? marks.of.get(one.image) : undefined;
  const say = (what: Mark): void => {
    if (one) markImages(run, [one.image], mark === what ? null : what);
  };
  useEffect(
    () =>
      withKeys([
        { keys: ["j", "ArrowRight"], text: "next image", run: () => go(beside?.after) },
        { keys: ["k", "ArrowLeft"], text: "previous image", run: () => go(beside?.before) },
        { keys: ["n"], text: "mark as normal", run: () => say("normal") },
        { keys: ["a"], text: "mark as anomalous", run: () => say("anomalous") },
        { keys: ["u"], text: "undo the last mark", run: () => undoMarks(run) },
        { keys: ["Escape"], text: "back to all images", run: () => goTo(`/scores/${run}`) },
      ]),
    [beside, one, mark],
  );
  if (!one) return <p class="faint">Loading</p>;
  const { scores, name, set, className, location } = one;
  const decisive = scores.find((score) => score.name === beside?.score) ?? scores[0];
  const above = decisive && beside && (decisive.value ?? Number.POSITIVE_INFINITY) > beside.threshold;
  return (
    <>
      <p class="crumbs">
        <a href={`#/scores/${run}`}>All images</a>
        {beside && (
          <span class="faint">
            {showCount(beside.place + 1)} of {showCount(beside.count)}
          </span>
        )}
      </p>
      <h1 class="file-name">{name.split(/[\\/]/).at(-1)}</h1>
      <p class="faint small file-name">
        {set}
        {className !== null && `, ${className}`}, {name.startsWith(location) ? name : `${location}: ${name}`}
      </p>
      <div class="row">
        <Button disabled={beside?.before === undefined} onClick={() => go(beside?.before)}>
          Previous
        </Button>
        <Button disabled={beside?.after === undefined} onClick={() => go(beside?.after)}>
          Next
        </Button>
        <Button pressed={mark === "normal"} onClick={() => say("normal")}>
          Normal
        </Button>
        <Button pressed={mark === "anomalous"} onClick={() => say("anomalous")}>
          Anomalous
        </Button>
        {marks.undo && (
          <Button kind="quiet" onClick={() => undoMarks(run)}>
            Undo
          </Button>
        )}
        <p role="status" class="small">
          {mark === undefined ? "" : `marked as ${mark}`}
        </p>
      </div>
      <div class="beside">
        <ImageView run={run} image={one} score={decisive?.name ?? ""} />
        <div>
          {decisive && (
            <p class="verdict">
              <strong class={above ? "bad" : "good"}>{above ? "Above the threshold" : "Up to the threshold"}</strong>:{" "}
              {decisive.name} {decisive.value === null ? "infinite" : showNumber(decisive.value, 2)}, p-value{" "}
              {showRate(decisive.pValue)}
            </p>
          )}
          <TermsChart title="Terms of the normal model" terms={one.normal} dimensions={one.dimensions} />
          {one.general && (
            <TermsChart title="Terms of the general model" terms={one.general} dimensions={one.dimensions} />
          )}
        </div>
      </div>
      {one.detector !== null && (
        <p>
          <a href={`#/samples?detector=${one.detector}&image=${run}:${one.image}`}>Redraw this image, scale by scale</a>
        </p>
      )}
      <NearestImages run={run} image={one.image} />
      <section class="short" aria-labelledby="scores">
        <h2 id="scores">Every score</h2>
        <Table
          caption="Scores of this image"
          keyOf={(row) => row.name}
          rows={scores}
          columns={[
            { title: "Score", cell: (row) => row.name },
            { title: "Value", number: true, cell: (row) => (row.value === null ? "infinite" : showNumber(row.value)) },
            { title: "p-value", number: true, cell: (row) => showRate(row.pValue) },
          ]}
        />
      </section>
    </>
  );
}

async function neighboursOf(run: string, image: number): Promise<Neighbours | undefined> {
  const loaded = await recentScoring(run);
  if (!loaded) return undefined;
  const state = viewOf(run).value;
  const { scoring } = loaded;
  const score = scoring.scores.find(({ name }) => name === state.score)?.name ?? scoring.defaultScore;
  const column = await loadColumn(scoring, score);
  const threshold = thresholdOf(column.references, state.thresholds[score]);
  const looked = { loaded, column, threshold, marked: marksOf(run).value.marked };
  const images = shownImages(state, looked);
  const place = images.indexOf(image);
  if (place < 0) return { place: 0, count: scoring.count, before: undefined, after: undefined, score, threshold };
  return { place, count: images.length, before: images[place - 1], after: images[place + 1], score, threshold };
}
