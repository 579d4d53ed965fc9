/** A run in short: what it does, how far it is, and what it says of itself. */
import type { JSX } from "preact";
import { showDuration } from "../../src/base/index.ts";
import type { ApiTypes, RunState } from "../../src/studio/portable.ts";
import { Progress } from "./progress.tsx";
import { showNumber } from "./words.ts";

/** What a state is called, and how it looks. */
export const stateWords: Readonly<Record<RunState, readonly [text: string, look: string]>> = {
  starting: ["starting", "busy"],
  running: ["running", "busy"],
  stopping: ["saving", "busy"],
  paused: ["paused", "calm"],
  finished: ["finished", "good"],
  failed: ["failed", "bad"],
  lost: ["ended without a word", "bad"],
};

export function RunLine({ run }: { readonly run: ApiTypes["run"]["answer"] }): JSX.Element {
  const { id, kind, name, state, summary } = run;
  const works = state === "running" || state === "starting" || state === "stopping";
  const [text, look] = stateWords[state];
  const numbers = [
    ...(summary.bits === null ? [] : [`${showNumber(summary.bits)} bits/dim`]),
    ...(works && summary.imagesPerSecond !== null ? [`${showNumber(summary.imagesPerSecond, 0)} images/s`] : []),
    ...(works && summary.left !== null ? [`${showDuration(summary.left)} left`] : []),
  ];
  return (
    <>
      <h3>
        <a href={kind === "score" ? `#/scores/${id}` : `#/runs/${id}`}>{name}</a>{" "}
        <span class={`state ${look}`}>{text}</span>
      </h3>
      {works && <Progress label={`${name}: ${summary.stage}`} share={summary.share} />}
      <p>{[...(works ? [summary.stage] : []), ...numbers].join(", ")}</p>
      {summary.message !== null && <p class="bad">{summary.message.split("\n")[0]}</p>}
    </>
  );
}
