/** Run: a training as it goes on: curves, speed, time left, what the model draws, and its log. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { showDuration, writeSettings } from "../../src/base/index.ts";
import type { ApiTypes, RunLine, RunState } from "../../src/studio/portable.ts";
import { LiveChart } from "../charts/live-chart.tsx";
import { Button } from "../components/button.tsx";
import { Command } from "../components/command.tsx";
import { Facts } from "../components/facts.tsx";
import { Progress } from "../components/progress.tsx";
import { stateWords } from "../components/run-line.tsx";
import { Select } from "../components/select.tsx";
import { countOf, showCount, showNumber, showTime } from "../components/words.ts";
import { ask, urlOf } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { follow } from "../shell/live.ts";
import { goTo } from "../shell/router.ts";
import type { PageProps } from "../shell/routes.ts";
import { emptyView, hear, type PhaseCurve, type RunView } from "./run-log.ts";

type Run = ApiTypes["run"]["answer"];

export function RunPage({ parts: { run: id = "" } }: PageProps): JSX.Element {
  const run = useSignal<Run | undefined>(undefined);
  const state = useSignal<RunState>("starting");
  const view = useRef<RunView>(emptyView());
  // Counted up once a frame, however many lines came.
  const drawn = useSignal(0);

  useEffect(() => {
    let frame = 0;
    const parts = { run: id };
    const look = (): void => attempt(async () => (run.value = await ask("run", { parts })));
    look();
    const stop = follow(
      urlOf("runEvents", { parts }),
      (name, data, eventId) => {
        if (name === "state") {
          state.value = data as RunState;
          look();
          return;
        }
        hear(view.current, Number(eventId), data as RunLine);
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          drawn.value++;
        });
      },
      ["state"],
    );
    return () => {
      cancelAnimationFrame(frame);
      stop();
    };
  }, [id, run, state, drawn]);

  const { value } = run;
  if (!value) return <p class="faint">Loading</p>;
  const count = drawn.value;
  const { curves, pictures, summary } = view.current;
  return (
    <>
      <h1>
        {value.name} <span class={`state ${stateWords[state.value][1]}`}>{stateWords[state.value][0]}</span>
      </h1>
      <Now run={value} state={state.value} summary={summary} />
      <Buttons run={value} state={state.value} onRun={(next) => (run.value = next)} />
      {summary.message !== null && <p class="bad">{writeSettings(summary.message.split("\n")[0] ?? "")}</p>}
      {curves.length > 0 && (
        <section aria-labelledby="curves">
          <h2 id="curves">Likelihood</h2>
          <div class="pair">
            {curves.map((curve, index) => (
              <CurveChart key={`${index} ${curve.model}`} curve={curve} count={count} />
            ))}
          </div>
        </section>
      )}
      {pictures.length > 0 && <Pictures id={id} pictures={pictures} count={count} />}
      <Log view={view.current} count={count} />
      {value.command !== null && (
        <section aria-labelledby="command">
          <h2 id="command">The same on the command line</h2>
          <Command text={value.command} />
        </section>
      )}
    </>
  );
}

interface PartProps {
  readonly run: Run;
  readonly state: RunState;
}

function Now({ run, state, summary }: PartProps & { readonly summary: RunView["summary"] }): JSX.Element {
  const works = state === "running" || state === "starting" || state === "stopping";
  const { began, told, left, phase } = summary;
  const facts: readonly (readonly [string, string])[] = [
    ["bits/dim", showNumber(summary.bits, 3)],
    ["held out", showNumber(summary.heldOut, 3)],
    ...(works
      ? ([
          ["images/s", showNumber(summary.imagesPerSecond, 0)],
          ["step", phase ? `${showCount(phase.step)}${of(phase.steps)}` : "–"],
          ["left", left === null ? "–" : showDuration(left)],
        ] as const)
      : []),
    ["began", began === null ? "–" : showTime(began)],
    ...(!works && began !== null && told !== null ? [["ended", showTime(told)] as const] : []),
  ];
  return (
    <div class="card">
      <p aria-live="polite" class={works ? undefined : "unseen"}>
        {works ? summary.stage : stateWords[state][0]}
      </p>
      {works && <Progress label={`${run.name}: ${summary.stage}`} share={summary.share} />}
      <Facts facts={facts} />
    </div>
  );
}

function of(total: number | null): string {
  return total === null ? "" : ` of ${showCount(total)}`;
}

function Buttons({ run, state, onRun }: PartProps & { readonly onRun: (run: Run) => void }): JSX.Element {
  const parts = { run: run.id };
  const tell = (name: "stopRun" | "resumeRun") => (): void => attempt(async () => onRun(await ask(name, { parts })));
  const forget = (): void =>
    attempt(async () => {
      await ask("forgetRun", { parts });
      goTo("/");
    });
  const ended = state === "finished" || state === "failed" || state === "paused" || state === "lost";
  return (
    <div class="row">
      {run.detector !== null && (
        <a class="button main" href={`#/scores?detector=${run.detector}`}>
          Score images with it
        </a>
      )}
      {(state === "running" || state === "stopping") && (
        <Button disabled={state === "stopping"} onClick={tell("stopRun")}>
          {state === "stopping" ? "Saving" : "Pause"}
        </Button>
      )}
      {ended && state !== "finished" && (
        <Button kind="main" onClick={tell("resumeRun")}>
          Go on
        </Button>
      )}
      {ended && (
        <Button kind="quiet" onClick={forget}>
          Take it off the list
        </Button>
      )}
    </div>
  );
}

function CurveChart({ curve, count }: { readonly curve: PhaseCurve } & Growing): JSX.Element {
  const likely = curve.bits.some((value) => value !== null);
  // The columns grow in place: `count` says when.
  const data = useMemo(
    (): [number[], ...(number | null)[][]] =>
      likely
        ? [[...curve.steps], [...curve.bits], [...curve.smooth], [...curve.heldOut]]
        : [[...curve.steps], [...curve.loss]],
    [curve, count, likely],
  );
  return (
    <div>
      <h3>The {curve.model} model</h3>
      <LiveChart
        key={String(likely)}
        label={`${likely ? "Bits per dimension" : "Loss"} of the ${curve.model} model by step, lower is better`}
        horizontal="step"
        vertical={likely ? "bits/dim" : "loss"}
        curves={
          likely
            ? [
                { label: "each step", colour: "--plot-a", faint: true },
                { label: "smoothed", colour: "--plot-a" },
                { label: "held out", colour: "--plot-b", marks: true },
              ]
            : [{ label: "loss", colour: "--plot-a" }]
        }
        data={data}
      />
    </div>
  );
}

/** Lists grow in place: `count` says when, and lets a part be drawn again. */
interface Growing {
  readonly count: number;
}

function Pictures({
  id,
  pictures,
}: { readonly id: string; readonly pictures: RunView["pictures"] } & Growing): JSX.Element {
  const chosen = useSignal<number | undefined>(undefined);
  const index = Math.min(chosen.value ?? pictures.length - 1, pictures.length - 1);
  const { name, text } = pictures[index]!;
  return (
    <section aria-labelledby="pictures">
      <h2 id="pictures">What the model draws</h2>
      <p class="faint">The same random numbers every time, seen by the model as it learns.</p>
      <figure class="drawn">
        <img src={urlOf("runPicture", { parts: { run: id, picture: name } })} alt={text} />
        <figcaption>{text}</figcaption>
      </figure>
      {pictures.length > 1 && (
        <label class="field wide">
          <span>Earlier and later</span>
          <input
            type="range"
            min={0}
            max={pictures.length - 1}
            value={index}
            aria-valuetext={text}
            onInput={({ currentTarget: { valueAsNumber: at } }) =>
              (chosen.value = at === pictures.length - 1 ? undefined : at)
            }
          />
        </label>
      )}
    </section>
  );
}

const kinds = [
  ["all", "Everything"],
  ["notes", "Without held-out values"],
  ["warnings", "Warnings and errors"],
] as const;

/** Lines that are in the page at a time. */
const mostShown = 400;

function Log({ view: { lines, dropped } }: { readonly view: RunView } & Growing): JSX.Element {
  const kind = useSignal<(typeof kinds)[number][0]>("all");
  const word = useSignal("");
  const wanted = word.value.toLowerCase();
  const fitting = lines.filter(
    (line) =>
      (kind.value === "all" ||
        (kind.value === "notes" ? line.kind !== "held-out" : line.kind === "warning" || line.kind === "bad")) &&
      writeSettings(line.text).toLowerCase().includes(wanted),
  );
  const shown = fitting.slice(-mostShown);
  const hidden = fitting.length - shown.length + dropped;
  return (
    <section aria-labelledby="log">
      <h2 id="log">Log</h2>
      <div class="row">
        <Select label="Show" value={kind.value} choices={kinds} onChoose={(chosen) => (kind.value = chosen)} />
        <label class="field">
          <span>With the word</span>
          <input type="search" value={word.value} onInput={(event) => (word.value = event.currentTarget.value)} />
        </label>
      </div>
      <p class="faint small">
        {countOf(fitting.length, "line")}
        {hidden > 0 && `, the last ${showCount(shown.length)} shown`}
      </p>
      <ol class="log" tabindex={0} aria-labelledby="log">
        {shown.map(({ id, at, kind: look, text }) => (
          <li key={id} class={look}>
            <time>{new Date(at).toLocaleTimeString()}</time> {writeSettings(text)}
          </li>
        ))}
      </ol>
    </section>
  );
}
