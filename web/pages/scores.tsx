/** Scores: what has been scored, and sets to be scored next. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ApiTypes, RunState } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { stateWords } from "../components/run-line.tsx";
import { Select } from "../components/select.tsx";
import { showTime } from "../components/words.ts";
import "../looking/looking.css";
import { useLookable } from "../looking/scorings.ts";
import { ask } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { goTo } from "../shell/router.ts";
import type { PageProps } from "../shell/routes.ts";

type Detector = ApiTypes["home"]["answer"]["detectors"][number];
type Proposal = ApiTypes["detectorSets"]["answer"]["sets"][number];
type Scorings = ApiTypes["scorings"]["answer"]["scorings"];

export function ScoresPage({ query }: PageProps): JSX.Element {
  const lookable = useLookable().value;
  if (!lookable) return <p class="faint">Loading</p>;
  const { detectors, scorings } = lookable;
  return (
    <>
      <h1>Scores</h1>
      <p class="lead">Score sets of images under a detector, and move the threshold while you look at the images.</p>
      {detectors.length === 0 ? (
        <p>
          There is no detector yet. <a href="#/">Make a demo, or train one.</a>
        </p>
      ) : (
        <NewScoring detectors={detectors} wished={query.get("detector") ?? undefined} />
      )}
      {scorings.length > 0 && (
        <section aria-labelledby="earlier">
          <h2 id="earlier">Scored so far</h2>
          <ul class="cards">
            {scorings.map((scoring) => (
              <li key={scoring.id} class="card">
                <Earlier scoring={scoring} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Earlier({ scoring: { id, name, state, created, sets } }: { readonly scoring: Scorings[number] }): JSX.Element {
  const [text, look] = stateWords[state as RunState];
  return (
    <>
      <h3>
        <a href={`#/scores/${id}`}>{name}</a> <span class={`state ${look}`}>{text}</span>
      </h3>
      <p>{sets.map((set) => set.name).join(", ")}</p>
      <p class="faint small">{showTime(created)}</p>
    </>
  );
}

/** A set in the form. */
interface Line extends Omit<Proposal, "from"> {
  readonly chosen: boolean;
}

const kinds = [
  ["normal", "normal"],
  ["anomalous", "anomalous"],
  ["unknown", "nobody knows"],
] as const;

function NewScoring({
  detectors,
  wished,
}: {
  readonly detectors: readonly Detector[];
  readonly wished: string | undefined;
}): JSX.Element {
  const detector = useSignal(detectors.find(({ id }) => id === wished)?.id ?? detectors[0]!.id);
  const heldOut = useSignal<boolean | undefined>(undefined);
  const lines = useSignal<readonly Line[]>([]);
  const path = useSignal("");
  const coders = useSignal(true);
  const busy = useSignal(false);
  const { value: id } = detector;
  useEffect(() => {
    heldOut.value = undefined;
    attempt(async () => {
      const proposed = await ask("detectorSets", { parts: { detector: id } });
      if (detector.value !== id) return;
      heldOut.value = proposed.heldOut;
      lines.value = proposed.sets.map(({ from, ...set }) => ({ ...set, chosen: from === "beside" }));
    });
  }, [id]);
  const change = (place: number, part: Partial<Line>): void => {
    lines.value = lines.value.map((line, index) => (index === place ? { ...line, ...part } : line));
  };
  const add = (): void => {
    const location = path.value.trim();
    if (location === "") return;
    const base = location.split("#")[0]!.split(/[\\/]/).filter(Boolean).at(-1) ?? location;
    const taken = new Set(["held out", ...lines.value.map(({ name }) => name)]);
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base} ${number}`;
    lines.value = [...lines.value, { name, location, kind: "unknown", chosen: true }];
    path.value = "";
  };
  const start = (): void =>
    attempt(async () => {
      busy.value = true;
      try {
        const sets = [
          ...(heldOut.value ? [{ name: "held out", kind: "held-out" as const, location: null }] : []),
          ...lines.value
            .filter(({ chosen }) => chosen)
            .map(({ name, kind, location }) => ({ name, kind: kind === "held-out" ? "normal" : kind, location })),
        ];
        const run = await ask("score", { body: { detector: id, sets, coders: coders.value } });
        goTo(`/scores/${run.id}`);
      } finally {
        busy.value = false;
      }
    });
  const nothing = !heldOut.value && lines.value.every(({ chosen }) => !chosen);
  return (
    <section class="panel" aria-labelledby="new">
      <h2 id="new">Score sets</h2>
      <Select
        label="Detector"
        value={id}
        choices={detectors.map(({ id: one, name }) => [one, name])}
        onChoose={(chosen) => (detector.value = chosen)}
      />
      <fieldset>
        <legend>Sets</legend>
        <label class="check">
          <input
            type="checkbox"
            checked={heldOut.value ?? false}
            disabled={heldOut.value === undefined}
            onChange={() => (heldOut.value = !heldOut.value)}
          />
          held out <span class="faint small">normal images that the detector was not trained on</span>
        </label>
        <ul class="lines">
          {lines.value.map(({ name, location, kind, chosen }, place) => (
            <li key={location}>
              <label class="check">
                <input type="checkbox" checked={chosen} onChange={() => change(place, { chosen: !chosen })} />
                {name}
              </label>
              <select
                aria-label={`What ${name} is`}
                value={kind}
                onChange={(event) => change(place, { kind: event.currentTarget.value as Line["kind"] })}
              >
                {kinds.map(([value, text]) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
              <span class="faint small place">{location}</span>
            </li>
          ))}
        </ul>
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            add();
          }}
        >
          <label class="field grow">
            <span>Another folder, archive or list of images, by its path on this machine</span>
            <input
              type="text"
              spellcheck={false}
              value={path.value}
              onInput={(event) => (path.value = event.currentTarget.value)}
            />
          </label>
          <Button submit disabled={path.value.trim() === ""}>
            Add
          </Button>
        </form>
      </fieldset>
      <label class="check">
        <input type="checkbox" checked={coders.value} onChange={() => (coders.value = !coders.value)} />
        Also scores by lossless coders, which take longer
      </label>
      <div class="row">
        <Button kind="main" disabled={busy.value || nothing} onClick={start}>
          Score
        </Button>
      </div>
    </section>
  );
}
