/** A place to drop files on, with buttons for those who choose by name. */
import "./try.css";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { Button } from "../components/button.tsx";
import { attempt } from "../shell/errors.ts";
import { type Chosen, filesOfDrop, filesOfList } from "./chosen-files.ts";

export interface FileDropProps {
  /** What is to be dropped, as a whole sentence. */
  readonly invitation: string;
  readonly onChosen: (chosen: Chosen) => void;
  readonly disabled?: boolean;
}

export function FileDrop({ invitation, onChosen, disabled = false }: FileDropProps): JSX.Element {
  const over = useSignal(false);
  const looking = useSignal<AbortController | undefined>(undefined);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const look = (find: (signal: AbortSignal) => Promise<Chosen>): void =>
    attempt(async () => {
      looking.value?.abort();
      const control = new AbortController();
      looking.value = control;
      try {
        onChosen(await find(control.signal));
      } finally {
        if (looking.value === control) looking.value = undefined;
      }
    });
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    over.value = false;
    const { dataTransfer } = event;
    if (dataTransfer && !disabled) look((signal) => filesOfDrop(dataTransfer, signal));
  };
  const onInput = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void => {
    const chosen = Array.from(currentTarget.files ?? []);
    // So that the same files can be chosen again.
    currentTarget.value = "";
    look((signal) => filesOfList(chosen, signal));
  };
  const onDragOver = (event: DragEvent): void => {
    event.preventDefault();
    over.value = true;
  };
  return (
    <section
      class={over.value ? "drop apart over" : "drop apart"}
      aria-label="Choose files"
      onDragOver={onDragOver}
      onDragLeave={() => (over.value = false)}
      onDrop={onDrop}
    >
      <p>{invitation}</p>
      <div class="row">
        <Button disabled={disabled} onClick={() => files.current?.click()}>
          Choose files
        </Button>
        <Button disabled={disabled} onClick={() => folder.current?.click()}>
          Choose a folder
        </Button>
        {looking.value && <Button onClick={() => looking.value?.abort()}>Stop looking through the files</Button>}
      </div>
      <input ref={files} type="file" multiple hidden aria-label="Files" onChange={onInput} />
      <input ref={folder} type="file" {...{ webkitdirectory: true }} hidden aria-label="Folder" onChange={onInput} />
    </section>
  );
}
