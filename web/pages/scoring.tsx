/** Scoring: the scores of some sets under a detector, a threshold to be moved, and the images behind it. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { Progress } from "../components/progress.tsx";
import { stateWords } from "../components/run-line.tsx";
import { countOf } from "../components/words.ts";
import { CalibratePanel } from "../looking/calibrate-panel.tsx";
import { EvaluationTable } from "../looking/evaluation-table.tsx";
import { loadMarks, marksOf } from "../looking/marks.ts";
import { type LoadedScoring, loadColumn, loadScoring, type ScoreColumnData } from "../looking/scoring-data.ts";
import { ShownGallery } from "../looking/shown-gallery.tsx";
import { ThresholdPanel } from "../looking/threshold-panel.tsx";
import { thresholdOf } from "../looking/thresholds.ts";
import { look, viewOf } from "../looking/view-state.ts";
import "../looking/looking.css";
import { ask } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { followNews } from "../shell/live.ts";
import { goTo } from "../shell/router.ts";
import type { PageProps } from "../shell/routes.ts";

type Run = ApiTypes["run"]["answer"];

export function ScoringPage({ parts: { run: id = "" } }: PageProps): JSX.Element {
  const run = useSignal<Run | undefined>(undefined);
  const loaded = useSignal<LoadedScoring | undefined>(undefined);
  const column = useSignal<ScoreColumnData | undefined>(undefined);
  const state = viewOf(id).value;
  const marks = marksOf(id).value;
  const refresh = (): void =>
    attempt(async () => {
      run.value = await ask("run", { parts: { run: id } });
      const next = await loadScoring(id);
      loaded.value = next;
    });
  useEffect(() => followNews(refresh), [id]);
  const scoring = loaded.value?.scoring;
  useEffect(() => {
    if (scoring) loadMarks(id);
  }, [id, scoring?.count]);
  const score = scoring?.scores.some(({ name }) => name === state.score) ? state.score! : scoring?.defaultScore;
  useEffect(() => {
    if (scoring && score !== undefined) attempt(async () => (column.value = await loadColumn(scoring, score)));
  }, [scoring?.count, score]);
  const { value } = run;
  const shownColumn = column.value;
  const threshold = useMemo(
    () => (shownColumn ? thresholdOf(shownColumn.references, state.thresholds[shownColumn.score]) : 0),
    [shownColumn, state.thresholds],
  );
  if (!value) return <p class="faint">Loading</p>;
  const fits = scoring && shownColumn && shownColumn.values.length === scoring.count && shownColumn.score === score;
  return (
    <>
      <h1>
        {value.name} <span class={`state ${stateWords[value.state][1]}`}>{stateWords[value.state][0]}</span>
      </h1>
      <Work run={value} onRun={(next) => (run.value = next)} />
      {scoring?.stale && <Stale id={id} />}
      {scoring?.sets.some(({ skippedCount, complete }) => skippedCount > 0 || !complete) && (
        <Left sets={scoring.sets} />
      )}
      {!scoring && value.state !== "failed" && <p class="faint">The first set is being scored.</p>}
      {fits && loaded.value && (
        <>
          <ThresholdPanel scoring={scoring} column={shownColumn} state={state} threshold={threshold} />
          <ShownGallery looked={{ loaded: loaded.value, column: shownColumn, threshold, marked: marks.marked }} />
          {scoring.evaluation && (
            <EvaluationTable
              evaluation={scoring.evaluation}
              chosen={shownColumn.score}
              onChoose={(next) => look(id, { score: next, range: undefined })}
            />
          )}
          <CalibratePanel scoring={scoring} marks={marks} onChanged={refresh} />
        </>
      )}
    </>
  );
}

function Work({ run, onRun }: { readonly run: Run; readonly onRun: (run: Run) => void }): JSX.Element | null {
  const { id, state, summary } = run;
  const parts = { run: id };
  const tell = (name: "stopRun" | "resumeRun") => (): void => attempt(async () => onRun(await ask(name, { parts })));
  if (state === "finished") return null;
  const works = state === "running" || state === "starting" || state === "stopping";
  return (
    <div class="card">
      {works && (
        <>
          <p>{summary.stage}</p>
          <Progress label={summary.stage} share={summary.share} />
        </>
      )}
      {summary.message !== null && <p class="bad">{summary.message.split("\n")[0]}</p>}
      <div class="row">
        {works ? (
          <Button disabled={state === "stopping"} onClick={tell("stopRun")}>
            Stop and keep what is scored
          </Button>
        ) : (
          <Button kind="main" onClick={tell("resumeRun")}>
            Go on
          </Button>
        )}
      </div>
    </div>
  );
}

/** Asks for the same scores under the detector as it is now. */
function Stale({ id }: { readonly id: string }): JSX.Element {
  const again = (): void =>
    attempt(async () => {
      const { scorings } = await ask("scorings");
      const same = scorings.find((one) => one.id === id);
      if (!same?.detector) return;
      const run = await ask("score", { body: { detector: same.detector, sets: [...same.sets] } });
      goTo(`/scores/${run.id}`);
    });
  return (
    <div class="notice" role="status">
      <p>The detector was calibrated anew since these scores were made. They are shown as they were.</p>
      <Button kind="main" onClick={again}>
        Score again
      </Button>
    </div>
  );
}

function Left({ sets }: { readonly sets: LoadedScoring["scoring"]["sets"] }): JSX.Element {
  return (
    <details class="left">
      <summary>
        {countOf(
          sets.reduce((sum, { skippedCount }) => sum + skippedCount, 0),
          "image was skipped",
          "images were skipped",
        )}
        {sets.some(({ complete }) => !complete) && ", and a set was not scored to its end"}
      </summary>
      {sets.map(({ place, name, skipped, skippedCount, complete, count, total }) => (
        <div key={place}>
          {!complete && (
            <p>
              {name}: {count} of {total} images scored
            </p>
          )}
          {skipped.map((one) => (
            <p key={one.name} class="small">
              {one.name}: {one.reason}
            </p>
          ))}
          {skippedCount > skipped.length && <p class="small">and {skippedCount - skipped.length} more</p>}
        </div>
      ))}
    </details>
  );
}
