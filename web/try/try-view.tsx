/** Try: images scored in the page. What surrounds it says which detectors there are. */
import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { Button } from "../components/button.tsx";
import { Progress } from "../components/progress.tsx";
import { choicesOf, Select } from "../components/select.tsx";
import { Slider } from "../components/slider.tsx";
import { countOf, showCount } from "../components/words.ts";
import type { LoadProgress, WebDetector, WebDevice } from "../engine/index.ts";
import { attempt } from "../shell/errors.ts";
import { CameraView } from "./camera-view.tsx";
import type { Chosen } from "./chosen-files.ts";
import { FileDrop } from "./file-drop.tsx";
import { ResultsTable } from "./results-table.tsx";
import { csvOf, type Rows } from "./scored-rows.ts";
import {
  choice,
  clear,
  type DetectorChoice,
  device,
  leftOut,
  open,
  opening,
  rates,
  score,
  scoreFiles,
  scoring,
  sent,
  stop,
  table,
  wishedRate,
  wishedScore,
} from "./session.ts";

export interface TryViewProps {
  /** Detectors that are at hand; files of another one can be dropped. */
  readonly detectors: readonly DetectorChoice[];
  /** Where a small detector can be trained in the page. */
  readonly trainAddress: string;
}

export function TryView({ detectors, trainAddress }: TryViewProps): JSX.Element {
  const now = opening.value;
  const onChosen = ({ detector, ...images }: Chosen): void =>
    attempt(async () => {
      if (detector.length > 0) {
        const name = detector[0]!.name.split("/").slice(0, -1).at(-1) ?? "dropped detector";
        await open({ name, source: { name, files: detector } });
      }
      await scoreFiles({ detector: [], ...images });
    });
  return (
    <>
      <h1>Try</h1>
      <p class="lead">
        Images are scored in this page, by a detector that runs in your browser. Nothing is uploaded:{" "}
        <strong class="nowrap" data-sent={sent.value}>
          {countOf(sent.value, "byte")} sent
        </strong>
        . No detector at hand? <a href={`#${trainAddress}`}>Train a small one in this page.</a>
      </p>
      <DetectorPanel detectors={detectors} />
      <FileDrop
        invitation={
          now.state === "ready"
            ? "Drop images here, a folder or a zip archive: PNG, JPEG, WebP or AVIF."
            : "Open a detector first, or drop its files here: a folder with detector.json in it, or a zip archive of one."
        }
        onChosen={onChosen}
        disabled={now.state === "loading"}
      />
      {now.state === "ready" && rates.value && score.value !== undefined && (
        <CameraView detector={now.detector} score={score.value} rate={rates.value.rate} />
      )}
      <Results />
    </>
  );
}

function DetectorPanel({ detectors }: Pick<TryViewProps, "detectors">): JSX.Element {
  const now = opening.value;
  const noWebgpu = !("gpu" in navigator);
  const chosen = choice.value;
  const all = chosen && !detectors.some(({ name }) => name === chosen.name) ? [...detectors, chosen] : detectors;
  const devices: readonly (readonly [WebDevice, string])[] = [
    ["wasm", "Processor"],
    ["webgpu", noWebgpu ? "Graphics card: no WebGPU here" : "Graphics card (27 MB more)"],
  ];
  const openNamed = (name: string, on: WebDevice): void => {
    const wanted = all.find((one) => one.name === name);
    if (wanted) attempt(() => open(wanted, on));
  };
  return (
    <section class="panel" aria-labelledby="detector">
      <h2 id="detector">Detector</h2>
      <div class="row">
        <Select
          label="Detector"
          value={chosen?.name ?? ""}
          choices={[
            ...(chosen ? [] : [["", all.length === 0 ? "none here: drop one" : "choose one"] as const]),
            ...choicesOf(all.map(({ name }) => name)),
          ]}
          onChoose={(name) => openNamed(name, device.value)}
        />
        <label class="field">
          <span>Runs on</span>
          <select
            value={device.value}
            onChange={({ currentTarget }) => {
              const on = currentTarget.value as WebDevice;
              if (chosen) openNamed(chosen.name, on);
              else device.value = on;
            }}
          >
            {devices.map(([name, text]) => (
              <option key={name} value={name} disabled={name === "webgpu" && noWebgpu}>
                {text}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div role="status">
        {now.state === "loading" && <Loading parts={now.parts} />}
        {now.state === "failed" && <p class="bad">{now.message}</p>}
        {now.state === "ready" && <About detector={now.detector} />}
      </div>
    </section>
  );
}

function Loading({
  parts,
}: {
  readonly parts: Readonly<Partial<Record<LoadProgress["part"], LoadProgress>>>;
}): JSX.Element {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const all = Object.values(parts);
  const text = all.map(({ part, bytes, total }) => {
    const of = total === undefined ? "" : ` of ${megabytes(total)}`;
    return `${part} ${megabytes(bytes)}${of} MB`;
  });
  const known = all.every(({ total }) => total !== undefined);
  const share =
    known && all.length > 0 ? sum(all.map(({ bytes }) => bytes)) / sum(all.map(({ total }) => total!)) : null;
  return (
    <>
      <Progress label="Loading" share={share} />
      <p>Loading {text.join(", ") || "the engine"}</p>
    </>
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);

function About({ detector }: { readonly detector: WebDetector }): JSX.Element {
  const { manifest, engine, seconds, shortage } = detector;
  const { channels, width, height } = manifest.input;
  return (
    <>
      <p>
        <span class="good">Golden check passed:</span> on this device the detector gives what it gave when it was
        written. {channels === 1 ? "Grey" : "Colour"}, {width}x{height},{" "}
        {countOf(manifest.data.normal.count, "normal image")}; ONNX Runtime {engine}, ready in{" "}
        {seconds.detector.toFixed(1)} s.
      </p>
      {shortage !== undefined && <p>{shortage}</p>}
    </>
  );
}

function Results(): JSX.Element | null {
  const { running, done, total } = scoring.value;
  const shown = table.value;
  const now = opening.value;
  const offered = useComputed(() => (opening.value.state === "ready" ? opening.value.detector.scores : []));
  const left = leftOut.value;
  if (now.state !== "ready" || !rates.value) return null;
  const { all, rate } = rates.value;
  const place = all.reduce(
    (best, one, index) => (Math.abs(one - rate) < Math.abs(all[best]! - rate) ? index : best),
    0,
  );
  return (
    <section aria-labelledby="results">
      <h2 id="results">Scores</h2>
      {running && (
        <>
          <Progress label="Scoring" share={total === 0 ? null : done / total} />
          <div class="row">
            <p role="status">
              {showCount(done)} of {countOf(total, "image")} scored
            </p>
            <Button onClick={stop}>Stop</Button>
          </div>
        </>
      )}
      {left.length > 0 && (
        <ul class="left-out">
          {left.map(({ reason, count }) => (
            <li key={reason}>
              {countOf(count, "file")} left out: {reason}
            </li>
          ))}
        </ul>
      )}
      {!shown && !running && <p class="faint">No image yet.</p>}
      {shown && (
        <>
          <div class="row">
            <Select
              label="Score"
              value={score.value}
              choices={choicesOf(offered.value)}
              onChoose={(name) => (wishedScore.value = name)}
            />
            <Slider
              label="False-alarm rate"
              value={place}
              least={0}
              most={all.length - 1}
              step={1}
              show={(at) => String(at === place ? rate : all[at])}
              onInput={(at) => (wishedRate.value = all[at])}
            />
          </div>
          <Summary shown={shown} rate={rate} />
          <ResultsTable rows={shown.rows} score={score.value!} />
          <Refused shown={shown} />
        </>
      )}
    </section>
  );
}

function Summary({ shown, rate }: { readonly shown: Rows; readonly rate: number }): JSX.Element {
  const save = (): void => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csvOf(shown, rate)], { type: "text/csv" }));
    link.download = "scores.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  return (
    <div class="row">
      <p role="status">
        {showCount(shown.marked)} of {countOf(shown.rows.length, "image")} marked anomalous. Of normal images at most{" "}
        {showShare(rate)} would be.
      </p>
      <Button onClick={save}>Download as CSV</Button>
      <Button kind="quiet" onClick={clear}>
        Forget these
      </Button>
    </div>
  );
}

function showShare(rate: number): string {
  return `${Number((100 * rate).toPrecision(3))} %`;
}

/** Files without a score that are named; of more, how many there are. */
const mostNamed = 50;

function Refused({ shown: { refused } }: { readonly shown: Rows }): JSX.Element | null {
  if (refused.length === 0) return null;
  return (
    <details>
      <summary>{countOf(refused.length, "file")} without a score</summary>
      <ul>
        {refused.slice(0, mostNamed).map(({ name, reason }) => (
          <li key={name}>
            {name}: {reason}
          </li>
        ))}
        {refused.length > mostNamed && (
          <li>and {showCount(refused.length - mostNamed)} more, all of them in the CSV</li>
        )}
      </ul>
    </details>
  );
}
