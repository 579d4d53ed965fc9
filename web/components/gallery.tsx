/**
 * A gallery of any number of images: only those near the window are in the page, whatever their number. A list to those who hear it, with one
 * image in the order of the tab key; arrows, j and k go on from there.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { withKeys } from "../shell/keys.ts";
import { useMeasured } from "./measured.ts";

/** One image. */
export interface GalleryItem {
  readonly source: string;
  /** What it is called. */
  readonly name: string;
  /** What stands below it. */
  readonly caption?: ComponentChildren;
  /** Marks it: `anomalous` by a frame. */
  readonly mark?: string | undefined;
}

export interface GalleryProps {
  readonly label: string;
  readonly count: number;
  /** The item of an index; undefined while it is being fetched. */
  readonly itemAt: (index: number) => GalleryItem | undefined;
  /** Called with the indices that are about to be seen, so that they can be fetched. */
  readonly onRange?: (first: number, last: number) => void;
  readonly onOpen?: (index: number) => void;
  /** Side of an image, pixels. */
  readonly side?: number;
}

/** The tallest box that browsers lay out exactly. */
const mostHeight = 8_000_000;
const captionHeight = 22;
const gap = 8;

const viewOf = ({ scrollTop, clientHeight, clientWidth }: HTMLElement) => ({
  top: scrollTop,
  height: clientHeight,
  width: clientWidth,
});

export function Gallery({ label, count, itemAt, onRange, onOpen, side = 96 }: GalleryProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const view = useMeasured(box, viewOf, { top: 0, height: 600, width: 800 });
  const [current, setCurrent] = useState(0);
  /** The index that is to have the focus once it is in the page. */
  const wanted = useRef<number | undefined>(undefined);
  const cellWidth = side + gap;
  const cellHeight = side + captionHeight + gap;
  const columns = Math.max(1, Math.floor(view.width / cellWidth));
  const rows = Math.ceil(count / columns);
  // Very many rows are scrolled through faster than they are tall.
  const height = Math.min(mostHeight, rows * cellHeight);
  const scale = rows * cellHeight > height ? (rows * cellHeight - view.height) / (height - view.height) : 1;
  const top = view.top * scale;
  const firstRow = Math.max(0, Math.floor(top / cellHeight) - 1);
  const lastRow = Math.min(rows - 1, Math.ceil((top + view.height) / cellHeight));
  const first = firstRow * columns;
  const last = Math.min(count, (lastRow + 1) * columns) - 1;

  useEffect(() => {
    if (count > 0) onRange?.(first, last);
  }, [first, last, count, onRange]);
  useEffect(() => {
    const cell = box.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`);
    if (!cell) return;
    wanted.current = undefined;
    cell.focus();
  });

  const move = (to: number): void => {
    const index = Math.max(0, Math.min(count - 1, to));
    const row = Math.floor(index / columns);
    const element = box.current!;
    const [above, below] = [row * cellHeight, (row + 1) * cellHeight];
    if (above < top) element.scrollTop = above / scale;
    else if (below > top + view.height) element.scrollTop = (below - view.height) / scale;
    wanted.current = index;
    setCurrent(index);
  };
  const step = useRef(move);
  step.current = (by) => move((wanted.current ?? current) + by);
  useEffect(
    () =>
      withKeys([
        {
          keys: ["j"],
          text: "next image; so do arrows, page keys, Home and End in a gallery",
          run: () => step.current(1),
        },
        { keys: ["k"], text: "image before", run: () => step.current(-1) },
      ]),
    [],
  );
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(view.height / cellHeight)) * columns;
    const steps: Readonly<Record<string, number>> = {
      ...{ ArrowRight: 1, ArrowLeft: -1, j: 1, k: -1 },
      ...{ ArrowDown: columns, ArrowUp: -columns, PageDown: page, PageUp: -page, Home: -count, End: count },
    };
    const by = steps[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    // Keys may come faster than the focus moves, and the focus faster than what was drawn knows.
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    move((wanted.current ?? (cell ? Number(cell.dataset.index) : current)) + by);
  };
  const indices = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  const reachable = current >= first && current <= last ? current : first;
  return (
    <div class="gallery" ref={box}>
      <div
        role="listbox"
        tabindex={-1}
        aria-label={label}
        class="gallery-plane"
        style={{ height: `${height}px` }}
        onKeyDown={onKeyDown}
      >
        {indices.map((index) => {
          const item = itemAt(index);
          const [row, column] = [Math.floor(index / columns), index % columns];
          return (
            <button
              type="button"
              role="option"
              aria-selected={index === reachable}
              aria-setsize={count}
              aria-posinset={index + 1}
              key={index}
              data-index={index}
              tabindex={index === reachable ? 0 : -1}
              class={item?.mark ? `cell ${item.mark}` : "cell"}
              title={item?.name}
              style={{
                transform: `translate(${column * cellWidth}px, ${row * cellHeight - top + view.top}px)`,
                width: `${side}px`,
              }}
              onFocus={() => setCurrent(index)}
              onClick={() => onOpen?.(index)}
            >
              <span class="picture" style={{ height: `${side}px` }}>
                {item && <img src={item.source} alt={isSaid(item) ? "" : item.name} loading="lazy" draggable={false} />}
              </span>
              <span class="caption">{item?.caption ?? item?.name ?? "…"}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}

/** Whether what stands below a picture is its name already, or the end of it: nobody wants to hear that twice. */
function isSaid({ name, caption = name }: GalleryItem): boolean {
  return typeof caption === "string" && name.endsWith(caption);
}
