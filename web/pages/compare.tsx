/** Compare: two to four detectors on the same images: ROC curves, ranks, and the images on which they disagree. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { Gallery } from "../components/gallery.tsx";
import { choicesOf, Select } from "../components/select.tsx";
import { lookOf } from "../components/set-looks.ts";
import { countOf } from "../components/words.ts";
import "../looking/looking.css";
import { measureSides, type PairedImage, pairImages, ranksOf, rocOf, type Side } from "../looking/pairing.ts";
import { loadColumn, loadScoring } from "../looking/scoring-data.ts";
import { useLookable } from "../looking/scorings.ts";
import { RankPlot, RocPlot } from "../looking/square-plot.tsx";
import { ask, urlOf } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { followNews } from "../shell/live.ts";
import { goTo } from "../shell/router.ts";
import type { PageProps } from "../shell/routes.ts";

type Scorings = ApiTypes["scorings"]["answer"]["scorings"];
type Detectors = ApiTypes["home"]["answer"]["detectors"];

const most = 4;
/** Points of a scatter: more are a blot. */
const mostPoints = 1500;

export function ComparePage({ query }: PageProps): JSX.Element {
  const runs = (query.get("runs") ?? "")
    .split(",")
    .filter((one) => /^[0-9a-f]{12}$/.test(one))
    .slice(0, most);
  const lookable = useLookable().value;
  if (!lookable) return <p class="faint">Loading</p>;
  const { detectors, scorings } = lookable;
  const finished = scorings.filter(({ state }) => state === "finished");
  const choose = (next: readonly string[]): void =>
    goTo(next.length > 0 ? `/compare?runs=${next.join(",")}` : "/compare");
  return (
    <>
      <h1>Compare</h1>
      <p class="lead">Two to four detectors on the same images: where they agree, and where they do not.</p>
      <fieldset>
        <legend>Scored sets to compare</legend>
        {finished.length === 0 && (
          <p class="faint">
            Nothing is scored yet. <a href="#/scores">Score sets under two detectors first.</a>
          </p>
        )}
        {finished.map(({ id, name, sets }) => (
          <label class="check" key={id}>
            <input
              type="checkbox"
              checked={runs.includes(id)}
              disabled={!runs.includes(id) && runs.length === most}
              onChange={() => choose(runs.includes(id) ? runs.filter((one) => one !== id) : [...runs, id])}
            />
            {name} <span class="faint small">{sets.map((set) => set.name).join(", ")}</span>
          </label>
        ))}
      </fieldset>
      {runs.length === 1 && <Beside run={runs[0]!} scorings={scorings} detectors={detectors} onRun={choose} />}
      {runs.length > 1 && <Comparison runs={runs} />}
    </>
  );
}

interface BesideProps {
  readonly run: string;
  readonly scorings: Scorings;
  readonly detectors: Detectors;
  readonly onRun: (runs: readonly string[]) => void;
}

/** Scores the same sets under another detector. */
function Beside({ run, scorings, detectors, onRun }: BesideProps): JSX.Element | null {
  const own = scorings.find(({ id }) => id === run);
  const others = detectors.filter(({ id }) => id !== own?.detector);
  if (!own || others.length === 0) return <p class="faint">Choose another one to compare it with.</p>;
  const sets = own.sets.filter(({ location }) => location !== null);
  const start = (detector: string): void =>
    attempt(async () => {
      const { id } = await ask("score", { body: { detector, sets } });
      onRun([run, id]);
    });
  return (
    <section class="panel" aria-labelledby="beside">
      <h2 id="beside">Compare it with</h2>
      <p>Another scored one above, or another detector, which scores the same sets now:</p>
      <div class="row">
        {others.map(({ id, name }) => (
          <Button key={id} onClick={() => start(id)}>
            {name}
          </Button>
        ))}
      </div>
    </section>
  );
}

function Comparison({ runs }: { readonly runs: readonly string[] }): JSX.Element {
  const sides = useSignal<readonly Side[] | undefined>(undefined);
  const problem = useSignal("");
  const set = useSignal<string | undefined>(undefined);
  const second = useSignal(1);
  const wanted = runs.join();
  useEffect(
    () =>
      followNews(() =>
        attempt(async () => {
          if (sides.value) return;
          const loaded = await Promise.all(runs.map(loadSide));
          const missing = loaded.indexOf(undefined);
          problem.value = missing < 0 ? "" : "One of them is still being scored; this page goes on by itself.";
          if (missing < 0) sides.value = numbered(loaded as Side[]);
        }),
      ),
    [wanted],
  );
  const { value } = sides;
  const images = useMemo(() => (value ? pairImages(value) : []), [value]);
  const anomalous = [...new Set(images.filter(({ kind }) => kind === "anomalous").map((image) => image.set))];
  const chosen = set.value ?? anomalous[0];
  const measured = useMemo(() => {
    if (!value || chosen === undefined) return undefined;
    const scoresOf = (fits: (image: PairedImage) => boolean): number[][] =>
      value.map(({ values }, side) => images.filter(fits).map((image) => values[image.images[side]!]!));
    const normal = scoresOf(({ kind }) => kind === "normal");
    const odd = scoresOf((image) => image.set === chosen);
    if (normal[0]!.length === 0) return undefined;
    return {
      sides: measureSides(value, normal, odd),
      curves: value.map(({ name }, side) => ({ name, points: rocOf(normal[side]!, odd[side]!) })),
    };
  }, [value, images, chosen]);
  const ranks = useMemo(
    () => value?.map(({ values }, side) => ranksOf(images.map((image) => values[image.images[side]!]!))) ?? [],
    [value, images],
  );
  const other = Math.min(second.value, Math.max(1, runs.length - 1));
  const apart = useMemo(() => {
    const [one, two] = [ranks[0], ranks[other]];
    if (!one || !two) return [];
    return images.map((_, index) => index).sort((a, b) => Math.abs(one[b]! - two[b]!) - Math.abs(one[a]! - two[a]!));
  }, [ranks, other, images]);
  if (!value) return <p role="status">{problem.value || "Loading"}</p>;
  if (images.length === 0) return <p>They have scored no images in common.</p>;
  const sets = [...new Set(images.map((image) => image.set))];
  const thin = Math.max(1, Math.ceil(images.length / mostPoints));
  return (
    <>
      <p role="status">{countOf(images.length, "image")} in common</p>
      {measured ? (
        <section aria-labelledby="roc">
          <h2 id="roc">ROC</h2>
          {anomalous.length > 1 && (
            <Select
              label="Anomalous set"
              value={chosen}
              choices={choicesOf(anomalous)}
              onChoose={(name) => (set.value = name)}
            />
          )}
          <div class="beside">
            <RocPlot curves={measured.curves} />
            <section class="table" tabindex={0} aria-label="AUROC of every detector">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Detector</th>
                    <th scope="col" class="number">
                      AUROC
                    </th>
                    <th scope="col">95 % interval</th>
                  </tr>
                </thead>
                <tbody>
                  {value.map(({ run, name, score }, side) => {
                    const { auroc, low, high, comparison } = measured.sides[side]!;
                    return (
                      <tr key={run}>
                        <th scope="row">
                          <span class="swatch" style={{ background: `var(${lookOf(side).colour})` }} />{" "}
                          <a href={`#/scores/${run}`}>{name}</a> <span class="faint small">{score}</span>
                          {comparison !== undefined && <p class="small said">{comparison}</p>}
                        </th>
                        <td class="number">{auroc.toFixed(3)}</td>
                        <td>{Number.isFinite(low) ? `${low.toFixed(3)}–${high.toFixed(3)}` : "–"}</td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </section>
          </div>
        </section>
      ) : (
        <p class="faint">ROC curves need a normal and an anomalous set in common.</p>
      )}
      <section aria-labelledby="disagreement">
        <h2 id="disagreement">Where they disagree</h2>
        {value.length > 2 && (
          <Select
            label={`${value[0]!.name} against`}
            value={other}
            choices={value.slice(1).map(({ name }, index) => [index + 1, name])}
            onChoose={(index) => (second.value = index)}
          />
        )}
        <div class="beside">
          <div>
            <RankPlot
              first={value[0]!.name}
              second={value[other]!.name}
              points={images.flatMap((image, index) =>
                index % thin === 0
                  ? [{ x: ranks[0]![index]!, y: ranks[other]![index]!, set: sets.indexOf(image.set) }]
                  : [],
              )}
            />
            <p class="small">
              {sets.map((name, index) => (
                <span class="legend" key={name}>
                  <span class="swatch" style={{ background: `var(${lookOf(index).colour})` }} /> {name}
                </span>
              ))}
            </p>
          </div>
          <Gallery
            label="Images by how much the ranks differ"
            count={apart.length}
            onOpen={(index) => goTo(`/scores/${value[0]!.run}/images/${images[apart[index]!]!.images[0]}`)}
            itemAt={(index) => {
              const place = apart[index];
              if (place === undefined) return undefined;
              const { name, images: own } = images[place]!;
              const [one, two] = [ranks[0]![place]!, ranks[other]![place]!].map((rank) => Math.round(100 * rank));
              const parts = { run: value[0]!.run, image: String(own[0]) };
              return {
                source: urlOf("imagePicture", { parts, query: { side: 128 } }),
                name: `${name}: rank ${one} of 100 under ${value[0]!.name}, ${two} under ${value[other]!.name}`,
                caption: `${one} | ${two}`,
              };
            }}
          />
        </div>
        <p class="faint small">Below each image its ranks of 100, the most anomalous 100.</p>
      </section>
    </>
  );
}

async function loadSide(run: string): Promise<Side | undefined> {
  const { state } = await ask("run", { parts: { run } });
  const loaded = state === "finished" ? await loadScoring(run) : undefined;
  if (!loaded) return undefined;
  const { detectorName, defaultScore } = loaded.scoring;
  const { values } = await loadColumn(loaded.scoring, defaultScore);
  return { run, name: detectorName, loaded, score: defaultScore, values };
}

/** Tells detectors of one name apart. */
function numbered(sides: readonly Side[]): Side[] {
  return sides.map((side, index) => {
    const same = sides.filter(({ name }) => name === side.name).length > 1;
    return same ? { ...side, name: `${side.name} (${index + 1})` } : side;
  });
}
