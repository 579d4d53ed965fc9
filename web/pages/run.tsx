/** Run: a training as it goes on. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { RunLine } from "../components/run-line.tsx";
import { ask } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { followNews } from "../shell/live.ts";
import type { PageProps } from "../shell/routes.ts";

export function RunPage({ parts: { run: id = "" } }: PageProps): JSX.Element {
  const run = useSignal<ApiTypes["run"]["answer"] | undefined>(undefined);
  useEffect(
    () => followNews(() => attempt(async () => (run.value = await ask("run", { parts: { run: id } })))),
    [run, id],
  );
  const { value } = run;
  if (!value) return <p class="faint">Loading</p>;
  const tell = (name: "stopRun" | "resumeRun") => (): void =>
    attempt(async () => (run.value = await ask(name, { parts: { run: id } })));
  return (
    <>
      <h1>{value.name}</h1>
      <div class="card">
        <RunLine run={value} />
      </div>
      <div class="row">
        {value.state === "running" && <Button onClick={tell("stopRun")}>Pause</Button>}
        {(value.state === "paused" || value.state === "lost" || value.state === "failed") && (
          <Button kind="main" onClick={tell("resumeRun")}>
            Go on
          </Button>
        )}
      </div>
    </>
  );
}
