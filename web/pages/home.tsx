/** Home: detectors, runs, and a demo to begin with. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { RunLine } from "../components/run-line.tsx";
import { Select } from "../components/select.tsx";
import { countOf, showNumber, showTime } from "../components/words.ts";
import { ask } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { followNews } from "../shell/live.ts";
import { goTo } from "../shell/router.ts";

type Home = ApiTypes["home"]["answer"];

export function HomePage(): JSX.Element {
  const home = useSignal<Home | undefined>(undefined);
  useEffect(() => followNews(() => attempt(async () => (home.value = await ask("home")))), [home]);
  const { value } = home;
  if (!value) return <p class="faint">Loading</p>;
  const empty = value.detectors.length === 0 && value.runs.length === 0;
  return (
    <>
      <h1>Find the images that don't belong</h1>
      {empty && (
        <p class="lead">
          Train a detector on images of what is normal; it tells how anomalous any other image is. Begin with the demo,
          which makes its own images, or with images of yours. Everything stays on this machine.
        </p>
      )}
      <Demo />
      {value.runs.length > 0 && (
        <section aria-labelledby="runs">
          <h2 id="runs">Runs</h2>
          <ul class="cards">
            {value.runs.map((run) => (
              <li key={run.id} class="card">
                <RunLine run={run} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="detectors">
        <h2 id="detectors">Detectors</h2>
        {value.detectors.length === 0 ? (
          <p class="faint">None yet in {value.folder}.</p>
        ) : (
          <ul class="cards">
            {value.detectors.map((detector) => (
              <li key={detector.id} class="card">
                <DetectorCard detector={detector} />
              </li>
            ))}
          </ul>
        )}
      </section>
      <p class="faint small">
        Outglow {value.version}, working in {value.folder}
      </p>
    </>
  );
}

const demoTimes = [
  [20, "20 seconds: a first look, with fewer images"],
  [170, "3 minutes: the quickstart"],
] as const;

function Demo(): JSX.Element {
  const time = useSignal<number>(170);
  const busy = useSignal(false);
  const start = (): void =>
    attempt(async () => {
      busy.value = true;
      try {
        const run = await ask("demo", { body: { time: time.value } });
        goTo(`/runs/${run.id}`);
      } finally {
        busy.value = false;
      }
    });
  return (
    <section class="panel" aria-labelledby="demo">
      <h2 id="demo">Make a demo</h2>
      <p>
        The program makes images that differ in the shape of one object, trains on the normal ones, and shows what it
        sees.
      </p>
      <div class="row">
        <Select<number>
          label="Longest training time"
          value={time.value}
          choices={demoTimes}
          onChoose={(seconds) => (time.value = seconds)}
        />
        <Button kind="main" disabled={busy.value} onClick={start}>
          Make a demo
        </Button>
      </div>
    </section>
  );
}

function DetectorCard({ detector }: { readonly detector: Home["detectors"][number] }): JSX.Element {
  const { id, name, state, message, input, role, defaultScore, written, bits, images } = detector;
  if (state !== "ready") {
    return (
      <>
        <h3>{name}</h3>
        <p class="bad">{message}</p>
      </>
    );
  }
  const about = [
    ...(input ? [`${input.channels === 1 ? "grey" : "colour"}, ${input.width}x${input.height}`] : []),
    ...(images === null ? [] : [countOf(images, "normal image")]),
    ...(bits === null ? [] : [`${showNumber(bits)} bits/dim`]),
    ...(role === "general" ? ["general model"] : [`decides by ${defaultScore}`]),
  ];
  return (
    <>
      <h3>{role === "general" ? name : <a href={`#/scores?detector=${id}`}>{name}</a>}</h3>
      <p>{about.join(", ")}</p>
      {written !== null && <p class="faint small">{showTime(written)}</p>}
      {role === "detector" && (
        <p>
          <a href={`#/try?detector=${id}`}>Try it on images of yours</a>,{" "}
          <a href={`#/samples?detector=${id}`}>see what it draws</a>
        </p>
      )}
    </>
  );
}
