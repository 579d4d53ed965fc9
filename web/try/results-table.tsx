/** Scored images, the most anomalous first. Only rows near the window are in the page, whatever their number. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useMeasured } from "../components/measured.ts";
import type { Row } from "./scored-rows.ts";
import { ThumbnailView } from "./thumbnail-view.tsx";

export interface ResultsTableProps {
  readonly rows: readonly Row[];
  readonly score: string;
}

const rowHeight = 60;
/** Rows that are drawn beyond those in sight. */
const margin = 6;

const viewOf = ({ scrollTop, clientHeight }: HTMLElement) => ({ top: scrollTop, height: clientHeight });

export function ResultsTable({ rows, score }: ResultsTableProps): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const view = useMeasured(box, viewOf, { top: 0, height: 600 });
  const first = Math.max(0, Math.floor(view.top / rowHeight) - margin);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / rowHeight) + margin);
  return (
    <section class="table results" ref={box} tabindex={0} aria-label="Scores, the most anomalous image first">
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Image</th>
            <th scope="col">File</th>
            <th scope="col" class="number">
              {score}
            </th>
            <th scope="col" class="number">
              p-value
            </th>
            <th scope="col">Decision</th>
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Space height={first * rowHeight} />}
          {rows.slice(first, last).map((row, index) => (
            <tr
              key={`${first + index} ${row.name}`}
              aria-rowindex={first + index + 2}
              style={{ height: `${rowHeight}px` }}
            >
              <td>
                <ThumbnailView thumbnail={row.thumbnail} name={row.name} />
              </td>
              <td class="file" title={row.name}>
                {row.name}
              </td>
              <td class="number">{row.score.toFixed(2)}</td>
              <td class="number">{row.pValue.toPrecision(2)}</td>
              <td class={row.anomalous ? "bad" : "faint"}>{row.anomalous ? "anomalous" : "normal"}</td>
            </tr>
          ))}
          {last < rows.length && <Space height={(rows.length - last) * rowHeight} />}
        </tbody>
      </table>
    </section>
  );
}

function Space({ height }: { readonly height: number }): JSX.Element {
  return (
    <tr class="space" style={{ height: `${height}px` }}>
      <td colSpan={5} />
    </tr>
  );
}
