/** What every scale of a flow adds to log p(x): log-det and prior term as bars, and their sum. */
import { scaleLinear } from "d3-scale";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { useMeasured } from "../components/measured.ts";
import { showNumber } from "../components/words.ts";

type Terms = ApiTypes["scoredImage"]["answer"]["normal"];

export interface TermsChartProps {
  readonly title: string;
  readonly terms: Terms;
  /** Numbers in an image. */
  readonly dimensions: number;
}

const rowHeight = 24;
const labels = 64;
const numbers = 84;
const parts = [
  ["logDet", "log-det", "--plot-a"],
  ["prior", "prior term", "--plot-b"],
] as const;

export function TermsChart({ title, terms, dimensions }: TermsChartProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useMeasured(box, ({ clientWidth }) => Math.max(260, clientWidth), 480);
  const scales = terms.logDet.map((logDet, scale) => ({ logDet, prior: terms.prior[scale] ?? null }));
  const finite = scales.flatMap(({ logDet, prior }) => [logDet ?? 0, prior ?? 0]);
  const x = scaleLinear()
    .domain([Math.min(0, ...finite), Math.max(0, ...finite)])
    .nice(4)
    .range([labels, width - numbers]);
  const whole = scales.every(({ logDet, prior }) => logDet !== null && prior !== null);
  const sum = finite.reduce((total, value) => total + value, 0);
  const bits = 8 - sum / (dimensions * Math.LN2);
  const height = scales.length * (2 * rowHeight + 10) + 8;
  return (
    <div class="figure" ref={box}>
      <h2 class="as-h3">{title}</h2>
      <svg width={width} height={height} role="img" aria-label={`${title}: terms of every scale, in the table below`}>
        <line class="axis" x1={x(0)} x2={x(0)} y1={0} y2={height} />
        {scales.map((scale, index) => (
          <g key={index} transform={`translate(0 ${index * (2 * rowHeight + 10) + 4})`}>
            <text class="tick" x={0} y={rowHeight + 4}>
              scale {index}
            </text>
            {parts.map(([key, , colour], row) => {
              const value = scale[key];
              const from = Math.min(x(0), x(value ?? 0));
              return (
                <g key={key} transform={`translate(0 ${row * rowHeight})`}>
                  <rect
                    x={from}
                    y={3}
                    width={Math.max(1, Math.abs(x(value ?? 0) - x(0)))}
                    height={rowHeight - 6}
                    fill={`var(${colour})`}
                  />
                  <text class="tick" x={width} y={rowHeight - 7} text-anchor="end">
                    {showNumber(value, 1)}
                  </text>
                </g>
              );
            })}
          </g>
        ))}
      </svg>
      <p class="small">
        {parts.map(([key, name, colour]) => (
          <span class="legend" key={key}>
            <span class="swatch" style={{ background: `var(${colour})` }} /> {name}
          </span>
        ))}{" "}
        in nats
      </p>
      <p class="sum" data-sum={whole ? sum : undefined}>
        {whole ? (
          <>
            Sum: log p = <strong>{showNumber(sum, 1)}</strong> nats, {showNumber(bits, 3)} bits/dim
          </>
        ) : (
          "One of the terms is not finite: the model cannot evaluate this image."
        )}
      </p>
      <details>
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Scale</th>
              <th scope="col" class="number">
                log-det
              </th>
              <th scope="col" class="number">
                prior term
              </th>
            </tr>
          </thead>
          <tbody>
            {scales.map(({ logDet, prior }, index) => (
              <tr key={index}>
                <th scope="row">{index}</th>
                <td class="number">{showNumber(logDet, 2)}</td>
                <td class="number">{showNumber(prior, 2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </div>
  );
}
