/** One folder of images: what is in it, what is wrong with it, and all of it to look at. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { writeSettings } from "../../src/base/index.ts";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { Facts } from "../components/facts.tsx";
import { Gallery, type GalleryItem } from "../components/gallery.tsx";
import { Progress } from "../components/progress.tsx";
import { countOf, showCount } from "../components/words.ts";
import { ask, urlOf } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { followNews } from "../shell/live.ts";
import type { PageProps } from "../shell/routes.ts";
import { makePages } from "./image-pages.ts";

type Folder = ApiTypes["folder"]["answer"];

/** What kinds of findings are called. */
const findingWords: Readonly<Record<string, readonly [title: string, about: string]>> = {
  duplicates: ["There twice", "the same picture in several files; copies stand side by side"],
  "near-duplicates": ["Almost the same", "pictures that hardly differ; they stand side by side"],
  collisions: ["One picture, two classes", "the same picture in folders of different classes"],
  blank: ["Blank", "hardly any contrast"],
  dark: ["Dark", "much darker than the others"],
  bright: ["Bright", "much brighter than the others"],
  blurred: ["Blurred", "much less sharp than the others"],
  "odd-size": ["Of an odd size", "of another size or shape than the others"],
  "odd-colour": ["Of an odd colour", "of other colours than the others"],
  "held-out": ["Held out", "the very images that a training keeps out, to calibrate p-values"],
};

export function FolderPage({ parts: { folder: id = "" } }: PageProps): JSX.Element {
  const folder = useSignal<Folder | undefined>(undefined);
  useEffect(
    () => followNews(() => attempt(async () => (folder.value = await ask("folder", { parts: { folder: id } })))),
    [id, folder],
  );
  const { value } = folder;
  if (!value) return <p class="faint">Listing</p>;
  return (
    <>
      <h1>{value.name}</h1>
      <p class="faint">{value.location}</p>
      <FolderFacts folder={value} />
      <div class="row">
        <a class="button main" href={`#/train?normal=${encodeURIComponent(value.location)}`}>
          Train with these
        </a>
        <Look folder={value} onFolder={(next) => (folder.value = next)} />
      </div>
      <Images folder={value} key={value.look?.id ?? ""} />
    </>
  );
}

function FolderFacts({ folder }: { readonly folder: Folder }): JSX.Element {
  const { images, format, classes, ignored, problems, problemCount, remarks, inspection } = folder;
  const facts: readonly (readonly [string, string])[] = [
    ["images", showCount(images)],
    ...(classes.length > 0 ? [["classes", showCount(classes.length)] as const] : []),
    ["read as", format],
    ...(inspection
      ? ([
          ["sizes", inspection.sizes[0] ? `${inspection.sizes[0].name}${others(inspection.sizeCount - 1)}` : "–"],
          ["colours", inspection.channels.map(({ name }) => name).join(", ")],
          ["unreadable", showCount(inspection.unreadableCount)],
          ["trained on", showCount(inspection.trained)],
          ["held out", showCount(inspection.heldOut)],
          ["left out as doubles", showCount(inspection.leftOut)],
        ] as const)
      : []),
  ];
  const skipped = [...problems, ...(inspection?.unreadable ?? [])];
  const skippedCount = problemCount + (inspection?.unreadableCount ?? 0);
  return (
    <div class="card">
      <Facts facts={facts} />
      {inspection?.objection && <p class="bad">A training cannot begin: {writeSettings(inspection.objection)}</p>}
      {remarks.map((remark) => (
        <p key={remark}>{remark}</p>
      ))}
      {ignored.length > 0 && (
        <details>
          <summary>
            {countOf(
              ignored.reduce((sum, { count }) => sum + count, 0),
              "thing",
            )}{" "}
            there that is no image
          </summary>
          <ul>
            {ignored.map(({ what, count, example }) => (
              <li key={what}>
                {showCount(count)} × {what}, such as <span class="mono">{example}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {skippedCount > 0 && (
        <details>
          <summary class="bad">{countOf(skippedCount, "image")} skipped</summary>
          <ul>
            {skipped.map(({ name, reason }) => (
              <li key={name}>
                <span class="mono">{name}</span>: {reason}
              </li>
            ))}
          </ul>
          {skippedCount > skipped.length && <p class="faint">and {showCount(skippedCount - skipped.length)} more</p>}
        </details>
      )}
    </div>
  );
}

function others(count: number): string {
  return count > 0 ? ` and ${countOf(count, "other")}` : "";
}

function Look({
  folder,
  onFolder,
}: {
  readonly folder: Folder;
  readonly onFolder: (folder: Folder) => void;
}): JSX.Element {
  const { id, look } = folder;
  const again = async (): Promise<void> => onFolder(await ask("folder", { parts: { folder: id } }));
  const start = (): void =>
    attempt(async () => {
      await ask("inspectFolder", { parts: { folder: id }, body: {} });
      await again();
    });
  const stop = (run: string): void =>
    attempt(async () => {
      await ask("stopRun", { parts: { run } });
      await again();
    });
  const works = look !== null && (look.state === "running" || look.state === "starting" || look.state === "stopping");
  if (look && works) {
    return (
      <div class="working">
        <Progress label={`A close look: ${look.summary.stage}`} share={look.summary.share} />
        <p aria-live="polite" class="small">
          {look.summary.stage}
        </p>
        <Button kind="quiet" onClick={() => stop(look.id)}>
          Stop
        </Button>
      </div>
    );
  }
  return (
    <>
      <Button onClick={start}>{look?.state === "finished" ? "Look closely again" : "Look closely"}</Button>
      {look === null && (
        <p class="faint small">Reads every image: sizes, doubles, oddities, and what a training would hold out.</p>
      )}
      {look?.summary.message && <p class="bad">{writeSettings(look.summary.message.split("\n")[0]!)}</p>}
    </>
  );
}

/** Side of a picture in the gallery, pixels; twice as many are asked for on screens that have them. */
const side = 104;

function Images({ folder }: { readonly folder: Folder }): JSX.Element {
  const { id, classes, inspection } = folder;
  const label = useSignal("");
  const found = useSignal("");
  const opened = useSignal<number | undefined>(undefined);
  const count = useSignal<number | undefined>(undefined);
  // Counted up whenever images have come.
  const come = useSignal(0);
  const query = useMemo(
    () => ({ ...(label.value ? { class: label.value } : {}), ...(found.value ? { found: found.value } : {}) }),
    [label.value, found.value],
  );
  const pages = useMemo(
    () =>
      makePages(
        (from, wanted) => ask("folderImages", { parts: { folder: id }, query: { ...query, from, count: wanted } }),
        (total) => {
          count.value = total;
          come.value++;
        },
      ),
    [id, query, count, come],
  );
  useEffect(() => {
    count.value = undefined;
    opened.value = undefined;
    pages.want(0, 0);
  }, [pages, count, opened]);
  const onRange = useCallback((first: number, last: number) => pages.want(first, last), [pages]);
  const pixels = side * (globalThis.devicePixelRatio > 1 ? 2 : 1);
  const pictureOf = (image: number, wanted: number): string =>
    urlOf("folderPicture", { parts: { folder: id, image: String(image) }, query: { side: wanted } });
  const itemAt = (index: number): GalleryItem | undefined => {
    const image = pages.at(index);
    return image && { source: pictureOf(image.index, pixels), name: image.name, caption: lastName(image.name) };
  };
  const findings = [
    ...(inspection?.found ?? []).map(({ kind, images, groups }) => ({ kind, images, groups })),
    ...(inspection && inspection.heldOut > 0 ? [{ kind: "held-out", images: inspection.heldOut, groups: 0 }] : []),
  ];
  return (
    <section aria-labelledby="images" data-come={come.value}>
      <h2 id="images">{count.value === undefined ? "Images" : countOf(count.value, "image")}</h2>
      {findings.length > 0 && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset draws a frame
        <div class="chips" role="group" aria-label="What a close look has found">
          {[{ kind: "", images: folder.images }, ...findings].map(({ kind, images }) => (
            <button
              type="button"
              key={kind}
              class="chip"
              aria-pressed={found.value === kind}
              title={findingWords[kind]?.[1]}
              onClick={() => (found.value = kind)}
            >
              {kind === "" ? "All" : (findingWords[kind]?.[0] ?? kind)} {showCount(images)}
            </button>
          ))}
        </div>
      )}
      {found.value !== "" && <p class="faint small">{findingWords[found.value]?.[1]}</p>}
      {classes.length > 1 && (
        <label class="field narrow">
          <span>Class</span>
          <select value={label.value} onChange={(event) => (label.value = event.currentTarget.value)}>
            <option value="">all classes</option>
            {classes.map(({ name, count: of }) => (
              <option key={name} value={name}>
                {name} ({showCount(of)})
              </option>
            ))}
          </select>
        </label>
      )}
      {count.value !== undefined && count.value > 0 && (
        <Gallery
          key={JSON.stringify(query)}
          label={`Images of ${folder.name}`}
          count={count.value}
          itemAt={itemAt}
          onRange={onRange}
          onOpen={(index) => (opened.value = index)}
          side={side}
        />
      )}
      {count.value === 0 && <p class="faint">None.</p>}
      {opened.value !== undefined && pages.at(opened.value) && (
        <Large
          name={pages.at(opened.value)!.name}
          about={pages.at(opened.value)!.class}
          source={pictureOf(pages.at(opened.value)!.index, 768)}
          onStep={(step) => {
            const next = opened.value! + step;
            if (next < 0 || next >= (count.value ?? 0)) return;
            pages.want(next, next);
            if (pages.at(next)) opened.value = next;
          }}
          onClose={() => (opened.value = undefined)}
        />
      )}
    </section>
  );
}

function lastName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

interface LargeProps {
  readonly name: string;
  readonly about: string | null;
  readonly source: string;
  readonly onStep: (step: number) => void;
  readonly onClose: () => void;
}

function Large({ name, about, source, onStep, onClose }: LargeProps): JSX.Element {
  const sheet = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = sheet.current!;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowRight: 1, j: 1, ArrowLeft: -1, k: -1 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    onStep(step);
  };
  return (
    <dialog ref={sheet} class="large" aria-label={name} onClose={onClose} onKeyDown={onKeyDown}>
      <img src={source} alt={name} />
      <p class="mono small">{name}</p>
      {about !== null && <p>Class {about}</p>}
      <form method="dialog" class="row">
        <Button onClick={() => onStep(-1)}>Previous</Button>
        <Button onClick={() => onStep(1)}>Next</Button>
        <Button submit>Close</Button>
      </form>
    </dialog>
  );
}
