/** A small detector trained in the page: on images that the program makes, or on a person's own. */
import "../components/figure.css";
import { useSignal } from "@preact/signals";
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import type { JSX } from "preact";
import { showDuration } from "../../src/base/index.ts";
import { Button } from "../components/button.tsx";
import { Progress } from "../components/progress.tsx";
import { Slider } from "../components/slider.tsx";
import { countOf, showNumber } from "../components/words.ts";
import type { NamedBlob, TrainedInPage } from "../engine/index.ts";
import { attempt } from "../shell/errors.ts";
import { goTo } from "../shell/router.ts";
import { FileDrop } from "../try/file-drop.tsx";
import { open } from "../try/session.ts";
import {
  abandonTraining,
  type CurvePoint,
  curve,
  finishTraining,
  type TrainingState,
  train,
  training,
  zipOf,
} from "./session.ts";

/** Images that the program makes where nobody chooses their own. */
const madeImages = 1200;

export function TrainView({ tryAddress }: { readonly tryAddress: string }): JSX.Element {
  const own = useSignal<readonly NamedBlob[]>([]);
  const steps = useSignal(300);
  const now = training.value;
  const running = now.kind === "running";
  const begin = (): void => {
    const files = own.value;
    const images =
      files.length === 0
        ? ({ kind: "made", count: madeImages } as const)
        : ({ kind: "files", name: files[0]!.name.split("/").slice(0, -1).join("/") || "chosen files", files } as const);
    attempt(() => train(images, steps.value));
  };
  return (
    <>
      <h1>Train in this page</h1>
      <p class="lead">
        The quickstart's model, grey, 32x32, depth 4, width 48, learns in your browser: first what images of everything
        look like, then what yours do. Nothing is uploaded, and the detector is a file that you keep.
      </p>
      <FileDrop
        invitation={
          own.value.length > 0
            ? `${countOf(own.value.length, "normal image")} chosen.`
            : "Drop a folder of normal images here, 40 or more. Without any, the page makes images of its own: rings, on grounds of all kinds."
        }
        onChosen={({ images }) => (own.value = images)}
        disabled={running}
      />
      <div class="row">
        <Slider
          label="Steps of each flow"
          value={steps.value}
          least={20}
          most={1500}
          step={20}
          onInput={(value) => (steps.value = value)}
        />
        <Button kind="main" disabled={running} onClick={begin}>
          Train
        </Button>
        {own.value.length > 0 && !running && <Button onClick={() => (own.value = [])}>Take made images instead</Button>}
      </div>
      <div role="status">
        {now.kind === "running" && <Running state={now} />}
        {now.kind === "failed" && <p class="bad">{now.message}</p>}
        {now.kind === "done" && <Done trained={now.trained} tryAddress={tryAddress} />}
      </div>
      {curve.value.length > 1 && <Curve points={curve.value} />}
    </>
  );
}

function Running({ state }: { readonly state: Extract<TrainingState, { kind: "running" }> }): JSX.Element {
  const { event, done, total, secondsLeft } = state;
  const left = secondsLeft === null ? "" : `, ${showDuration(secondsLeft)} left`;
  const text =
    event.kind === "loading"
      ? `Loading the engine, ${(event.bytes / 1e6).toFixed(1)} MB`
      : event.kind === "calibrating"
        ? "Calibrating"
        : `${event.phase === "general" ? "Images of everything" : "Normal images"}: step ${event.step} of ${event.steps}, ${showNumber(event.bits)} bits/dim, ${showNumber(event.imagesPerSecond, 0)} images/s${left}`;
  return (
    <>
      <Progress label="Training" share={done === 0 ? null : done / total} />
      <p>{text}</p>
      <div class="row">
        <Button disabled={event.kind !== "step"} onClick={finishTraining}>
          Finish now, with what it has learned
        </Button>
        <Button onClick={abandonTraining}>Stop and forget it</Button>
      </div>
    </>
  );
}

function Done({ trained, tryAddress }: { readonly trained: TrainedInPage; readonly tryAddress: string }): JSX.Element {
  const save = (): void =>
    attempt(async () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([await zipOf(trained)], { type: "application/zip" }));
      link.download = "detector.zip";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  const use = (): void =>
    attempt(async () => {
      const name = "trained in this page";
      goTo(tryAddress);
      await open({ name, source: { name, files: trained.files } });
    });
  return (
    <section class="panel" aria-label="Trained detector">
      <p>
        Trained on {countOf(trained.images, "image")} in {showDuration(trained.seconds)}
        {trained.skipped > 0 && `, ${countOf(trained.skipped, "file")} left out`}:{" "}
        {showNumber(trained.bitsPerDimension)} bits/dim on images held out.
      </p>
      <div class="row">
        <Button kind="main" onClick={use}>
          Try it
        </Button>
        <Button onClick={save}>Save it as detector.zip</Button>
      </div>
      <p class="faint">
        Unpacked, the command line takes it: <code>outglow predict detector images/</code>.
      </p>
    </section>
  );
}

const size = { width: 640, height: 220, left: 52, right: 12, top: 10, bottom: 34 };

function Curve({ points }: { readonly points: readonly CurvePoint[] }): JSX.Element {
  const x = scaleLinear()
    .domain([0, points.at(-1)!.step])
    .range([size.left, size.width - size.right]);
  const bits = points.map((point) => point.bits);
  const y = scaleLinear()
    .domain([Math.min(...bits), Math.max(...bits)])
    .nice(4)
    .range([size.height - size.bottom, size.top]);
  const path = line<CurvePoint>(
    (point) => x(point.step),
    (point) => y(point.bits),
  )(points);
  return (
    <figure class="figure">
      <svg
        viewBox={`0 0 ${size.width} ${size.height}`}
        role="img"
        aria-label={`Bits/dim by step, from ${showNumber(bits[0])} to ${showNumber(bits.at(-1))}`}
      >
        {y.ticks(4).map((tick) => (
          <g key={tick} transform={`translate(${size.left} ${y(tick)})`}>
            <line class="grid" x2={size.width - size.left - size.right} />
            <text class="tick" x={-8} y={4} text-anchor="end">
              {tick}
            </text>
          </g>
        ))}
        <path d={path ?? ""} fill="none" stroke="var(--plot-a)" stroke-width="2" />
        <text class="tick" x={size.width / 2} y={size.height - 6} text-anchor="middle">
          step, of both flows together; bits/dim
        </text>
      </svg>
    </figure>
  );
}
