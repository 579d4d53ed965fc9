/** A page about a paper whose file is fetched, or dropped on it in the place of that one. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../components/button.tsx";
import { attempt } from "../shell/errors.ts";
import type { FigureSource } from "./figures.tsx";
import paperAddress from "./paper.json?url";
import { type Paper, parsePaper } from "./paper-format.ts";
import { PaperView } from "./paper-view.tsx";

export interface OpenedPaperProps {
  /** Where another file than Outglow's own may lie. */
  readonly other?: string | undefined;
  readonly figures: FigureSource | undefined;
}

/** Far more than a paper's page takes. */
const mostBytes = 2 ** 24;

export function OpenedPaper({ other, figures }: OpenedPaperProps): JSX.Element {
  const paper = useSignal<Paper | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  useEffect(
    () =>
      attempt(async () => {
        const response = await fetch(other ?? paperAddress);
        if (!response.ok) throw new Error(`the paper's file is not beside this page (${response.status})`);
        paper.value = parsePaper(await response.json());
      }),
    [other, paper],
  );
  const read = (file: File): void => {
    attempt(async () => {
      if (file.size > mostBytes) throw new Error(`${file.name} is larger than a paper's file`);
      paper.value = parsePaper(JSON.parse(await file.text()));
    });
  };
  return (
    <section
      aria-label="Paper"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const file = event.dataTransfer?.files[0];
        if (file) read(file);
      }}
    >
      {paper.value ? <PaperView key={paper.value.title} paper={paper.value} figures={figures} /> : <h1>Paper</h1>}
      <p class="row">
        <Button kind="quiet" onClick={() => input.current?.click()}>
          Show another paper's file
        </Button>
        <input
          ref={input}
          type="file"
          accept=".json,application/json"
          hidden
          aria-label="Paper's file"
          onChange={({ currentTarget }) => {
            const file = currentTarget.files?.[0];
            currentTarget.value = "";
            if (file) read(file);
          }}
        />
      </p>
    </section>
  );
}
