/** The paper's two figures that matter, drawn on request: they take the engine, which is large. */
import "../components/figure.css";
import { signal } from "@preact/signals";
import { scaleLinear } from "d3-scale";
import type { JSX } from "preact";
import { auroc, histogram, histogramEdges, spearmanCorrelation } from "../../src/score/index.ts";
import { Button } from "../components/button.tsx";
import { Histogram } from "../components/histogram.tsx";
import { Progress } from "../components/progress.tsx";
import { lookOf } from "../components/set-looks.ts";
import { attempt } from "../shell/errors.ts";
import { type FigureSet, type FigureSource, figureSets } from "./figure-data.ts";
import type { FigureName } from "./paper-format.ts";

export type { FigureSource } from "./figure-data.ts";

/** What has been computed, for both figures at once. */
const state = signal<
  | { readonly kind: "none" }
  | { readonly kind: "running"; readonly share: number; readonly control: AbortController }
  | { readonly kind: "done"; readonly sets: readonly FigureSet[] }
>({ kind: "none" });

function begin(source: FigureSource): void {
  attempt(async () => {
    const control = new AbortController();
    state.value = { kind: "running", share: 0, control };
    try {
      const sets = await figureSets(
        source,
        (share) => (state.value = { kind: "running", share, control }),
        control.signal,
      );
      state.value = { kind: "done", sets };
    } catch (error) {
      state.value = { kind: "none" };
      throw error;
    }
  });
}

const captions: Readonly<Record<FigureName, string>> = {
  likelihoods:
    "Every dot is an image: how likely the normal and the general flow find it. The two agree on what is likely, whether the object is normal or odd.",
  scales:
    "Negative log-likelihood of each scale, the finest first. Only the last one tells the odd objects from the normal ones.",
};

export function PaperFigure({
  name,
  source,
}: {
  readonly name: FigureName;
  readonly source: FigureSource | undefined;
}): JSX.Element {
  const now = state.value;
  return (
    <figure class="figure">
      {now.kind === "done" ? (
        name === "likelihoods" ? (
          <Scatter sets={now.sets} />
        ) : (
          <Scales sets={now.sets} />
        )
      ) : now.kind === "running" ? (
        <>
          <Progress label="Drawing the figures" share={now.share === 0 ? null : now.share} />
          <Button onClick={() => now.control.abort()}>Stop</Button>
        </>
      ) : source ? (
        <Button onClick={() => begin(source)}>Draw this figure with the quickstart's detector (loads 14 MB)</Button>
      ) : (
        <p class="faint">A detector of the quickstart draws this figure here; there is none yet.</p>
      )}
      <figcaption>{captions[name]}</figcaption>
    </figure>
  );
}

const size = { width: 520, height: 380, left: 70, right: 14, top: 12, bottom: 50 };

function Scatter({ sets }: { readonly sets: readonly FigureSet[] }): JSX.Element {
  const all = (pick: (set: FigureSet) => readonly number[]): number[] => sets.flatMap(pick);
  const [normal, general] = [all((set) => set.normal), all((set) => set.general)];
  const axis = (values: readonly number[], range: [number, number]) =>
    scaleLinear()
      .domain([Math.min(...values), Math.max(...values)])
      .nice(5)
      .range(range);
  const x = axis(normal, [size.left, size.width - size.right]);
  const y = axis(general, [size.height - size.bottom, size.top]);
  const correlation = spearmanCorrelation(normal, general) ?? 0;
  return (
    <>
      <svg
        viewBox={`0 0 ${size.width} ${size.height}`}
        role="img"
        aria-label={`Log-likelihood under the normal flow against that under the general flow; rank correlation ${correlation.toFixed(3)}`}
      >
        {x.ticks(5).map((tick) => (
          <g key={tick} transform={`translate(${x(tick)} ${size.height - size.bottom})`}>
            <line class="grid" y2={size.top + size.bottom - size.height} />
            <text class="tick" y={20} text-anchor="middle">
              {tick}
            </text>
          </g>
        ))}
        {y.ticks(5).map((tick) => (
          <g key={tick} transform={`translate(${size.left} ${y(tick)})`}>
            <line class="grid" x2={size.width - size.left - size.right} />
            <text class="tick" x={-8} y={4} text-anchor="end">
              {tick}
            </text>
          </g>
        ))}
        {sets.map(({ name, normal: across, general: up }, index) => (
          <g key={name} fill={`var(${lookOf(index).colour})`} fill-opacity="0.6">
            {across.map((value, image) => (
              <circle key={image} cx={x(value)} cy={y(up[image]!)} r={3.5} />
            ))}
          </g>
        ))}
        <text class="tick" x={size.width / 2} y={size.height - 8} text-anchor="middle">
          log p, normal flow, nats
        </text>
        <text class="tick" transform={`translate(14 ${size.height / 2}) rotate(-90)`} text-anchor="middle">
          log p, general flow, nats
        </text>
      </svg>
      <Legend sets={sets} />
      <p>
        Rank correlation of the two flows: {correlation.toFixed(3)}. AUROC of the likelihood, odd against normal:{" "}
        {aurocOf(sets, ({ normal: values }) => values.map((value) => -value)).toFixed(2)}; 0.5 is chance.
      </p>
    </>
  );
}

function Scales({ sets }: { readonly sets: readonly FigureSet[] }): JSX.Element {
  return (
    <>
      <div class="scales">
        {sets[0]!.scales.map((_, scale) => {
          const edges = histogramEdges(
            sets.flatMap((set) => set.scales[scale]!),
            24,
          );
          const drawn = sets.map((set) => ({
            name: set.name,
            counts: histogram(set.scales[scale]!, edges).counts,
            total: set.scales[scale]!.length,
          }));
          const found = aurocOf(sets, (set) => set.scales[scale]!);
          return (
            <div key={scale}>
              <p>
                Scale {scale + 1} of {sets[0]!.scales.length}: AUROC {found.toFixed(2)}
              </p>
              <Histogram
                label={`Histogram of scale ${scale + 1}`}
                axis="-log p of the scale, nats"
                edges={edges}
                sets={drawn}
                height={200}
              />
            </div>
          );
        })}
      </div>
      <Legend sets={sets} />
    </>
  );
}

function aurocOf([normal, odd]: readonly FigureSet[], pick: (set: FigureSet) => readonly number[]): number {
  return auroc({ normal: Float64Array.from(pick(normal!)), anomalous: Float64Array.from(pick(odd!)) });
}

function Legend({ sets }: { readonly sets: readonly FigureSet[] }): JSX.Element {
  return (
    <ul class="legend plain">
      {sets.map(({ name }, index) => (
        <li key={name}>
          <svg width="14" height="14" aria-hidden="true">
            <circle cx="7" cy="7" r="6" fill={`var(${lookOf(index).colour})`} />
          </svg>{" "}
          {name}
        </li>
      ))}
    </ul>
  );
}
