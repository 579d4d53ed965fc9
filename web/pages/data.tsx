/** Data: folders of images, chosen by a path or dropped. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { FolderChooser } from "../components/folder-chooser.tsx";
import { Progress } from "../components/progress.tsx";
import { countOf, showCount } from "../components/words.ts";
import { ask, StudioError, urlOf } from "../shell/client.ts";
import { chosenFiles, type DroppedFile, droppedFiles } from "../shell/dropped.ts";
import { attempt, report } from "../shell/errors.ts";
import { goTo } from "../shell/router.ts";

type Folders = ApiTypes["folders"]["answer"]["folders"];

export function DataPage(): JSX.Element {
  const folders = useSignal<Folders | undefined>(undefined);
  const location = useSignal("");
  const busy = useSignal(false);
  const choosing = useSignal(false);
  const look = (): void => attempt(async () => (folders.value = (await ask("folders")).folders));
  useEffect(look, []);
  const open = (event: Event): void => {
    event.preventDefault();
    attempt(async () => {
      busy.value = true;
      try {
        const { id } = await ask("openFolder", { body: { location: location.value.trim() } });
        goTo(`/data/${id}`);
      } finally {
        busy.value = false;
      }
    });
  };
  const forget = (folder: string): void =>
    attempt(async () => {
      await ask("forgetFolder", { parts: { folder } });
      look();
    });
  return (
    <>
      <h1>Images</h1>
      <p>
        Look at images before you train on them: what is there, what was skipped, what is there twice, and what is odd.
      </p>
      <form class="panel" onSubmit={open}>
        <label class="field" for="location">
          <span>A folder or archive on this machine</span>
          <input
            id="location"
            type="text"
            spellcheck={false}
            autocomplete="off"
            placeholder="/home/you/good"
            value={location.value}
            onInput={(event) => (location.value = event.currentTarget.value)}
          />
        </label>
        <div class="row">
          <Button kind="main" submit disabled={busy.value || location.value.trim() === ""}>
            {busy.value ? "Listing" : "Open"}
          </Button>
          <Button onClick={() => (choosing.value = true)}>Look for it</Button>
        </div>
      </form>
      {choosing.value && (
        <FolderChooser
          start={location.value.trim()}
          onClose={() => (choosing.value = false)}
          onChoose={(path) => {
            choosing.value = false;
            location.value = path;
          }}
        />
      )}
      <Dropping />
      {folders.value && folders.value.length > 0 && (
        <section aria-labelledby="known">
          <h2 id="known">Looked at before</h2>
          <ul class="cards">
            {folders.value.map(({ id, name, location: at }) => (
              <li key={id} class="card">
                <h3>
                  <a href={`#/data/${id}`}>{name}</a>
                </h3>
                <p class="faint small">{at}</p>
                <Button kind="quiet" label={`Take ${name} off the list; its images stay`} onClick={() => forget(id)}>
                  Take off the list
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Files that are on their way at a time. */
const atOnce = 4;

function Dropping(): JSX.Element {
  const over = useSignal(false);
  const sent = useSignal<{ readonly done: number; readonly total: number } | undefined>(undefined);
  const stop = useRef<AbortController | undefined>(undefined);
  const chooser = useRef<HTMLInputElement>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const send = async (files: readonly DroppedFile[]): Promise<void> => {
    if (files.length === 0) throw new Error("what was dropped holds no files; drop images or a folder of them");
    const controller = new AbortController();
    stop.current = controller;
    sent.value = { done: 0, total: files.length };
    try {
      const top = files[0]!.path.split("/");
      const { id } = await ask("makeFolder", { body: { name: top.length > 1 ? top[0]! : "dropped" } });
      const refused = await sendAll(id, files, controller.signal, () => {
        sent.value = { done: sent.value!.done + 1, total: files.length };
      });
      if (controller.signal.aborted) return;
      if (refused.length > 0)
        report(new Error(`${countOf(refused.length, "file")} did not come along: ${refused.slice(0, 3).join("; ")}`));
      goTo(`/data/${id}`);
    } finally {
      sent.value = undefined;
    }
  };
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    over.value = false;
    const { dataTransfer } = event;
    if (dataTransfer) attempt(async () => send(await droppedFiles(dataTransfer)));
  };
  const { value } = sent;
  return (
    <section
      class={over.value ? "drop over" : "drop"}
      aria-label="Drop images here"
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => (over.value = false)}
      onDrop={onDrop}
    >
      {value ? (
        <>
          <p aria-live="polite">
            Copying {showCount(value.done)} of {countOf(value.total, "file")} into the studio's folder
          </p>
          <Progress label="Copying files" share={value.done / value.total} />
          <Button onClick={() => stop.current?.abort()}>Stop</Button>
        </>
      ) : (
        <>
          <p>Drop a folder, or files, here. They are copied into the studio's folder and go nowhere else.</p>
          <Button onClick={() => chooser.current?.click()}>Choose a folder</Button>
          <input
            ref={(element) => {
              chooser.current = element;
              element?.setAttribute("webkitdirectory", "");
            }}
            type="file"
            multiple
            hidden
            aria-label="Choose a folder of images"
            onChange={({ currentTarget: { files } }) => {
              if (files) attempt(() => send(chosenFiles(files)));
            }}
          />
        </>
      )}
    </section>
  );
}

/** Sends files, some at a time, and tells which were refused and why. */
async function sendAll(
  folder: string,
  files: readonly DroppedFile[],
  signal: AbortSignal,
  onDone: () => void,
): Promise<string[]> {
  const refused: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < files.length && !signal.aborted) {
      const { path, file } = files[next++]!;
      const url = urlOf("putFile", { parts: { folder }, query: { path } });
      const answer = await fetch(url, { method: "POST", body: file, signal }).catch((error: unknown) => {
        if (signal.aborted) return undefined;
        throw new StudioError(error instanceof Error ? error.message : String(error), 0);
      });
      if (answer && !answer.ok) {
        const { error } = (await answer.json().catch(() => ({}))) as { readonly error?: string };
        refused.push(`${path}: ${error ?? answer.status}`);
      }
      onDone();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return refused;
}
