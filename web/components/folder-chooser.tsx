/** Chooses a folder of this machine by walking through folders. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { ask } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { Button } from "./button.tsx";
import { countOf } from "./words.ts";

export interface FolderChooserProps {
  /** Where it begins, or near it; the studio's folder where empty. */
  readonly start: string;
  readonly onChoose: (path: string) => void;
  readonly onClose: () => void;
}

export function FolderChooser({ start, onChoose, onClose }: FolderChooserProps): JSX.Element {
  const sheet = useRef<HTMLDialogElement>(null);
  const place = useSignal<ApiTypes["place"]["answer"] | undefined>(undefined);
  const go = (path: string): void => attempt(async () => (place.value = await ask("place", { body: { path } })));
  useEffect(() => {
    const dialog = sheet.current!;
    dialog.showModal();
    attempt(async () => (place.value = await ask("place", { body: { path: start } })));
    return () => dialog.close();
  }, [start, place]);
  const { value } = place;
  return (
    <dialog ref={sheet} class="chooser" aria-labelledby="chooser" onClose={onClose}>
      <h2 id="chooser">Choose a folder</h2>
      {value && (
        <>
          <p class="mono small">{value.path}</p>
          <p class="faint small" aria-live="polite">
            {countOf(value.images, "image")} in it, {countOf(value.folders.length, "folder")}
            {value.more && ", and more that are not listed"}
          </p>
          <ul class="places">
            {value.parent !== null && (
              <li>
                <button type="button" onClick={() => go(value.parent!)}>
                  .. the folder around it
                </button>
              </li>
            )}
            {value.folders.map((path) => (
              <li key={path}>
                <button type="button" onClick={() => go(path)}>
                  {path.slice(value.path.endsWith("/") ? value.path.length : value.path.length + 1)}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <form method="dialog" class="row">
        <Button kind="main" disabled={!value} onClick={() => value && onChoose(value.path)}>
          Choose this folder
        </Button>
        <Button submit>Cancel</Button>
      </form>
    </dialog>
  );
}
