/** A paper: what it says in short, its key terms, and the works around it as a drawing and as a table. */
import "./paper.css";
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { type FigureSource, PaperFigure } from "./figures.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { NetworkView } from "./network-view.tsx";
import type { Paper, Work } from "./paper-format.ts";
import { authorsOf, implementedWords, relationWords, yearOf } from "./work-words.ts";
import { matches, noFilter, type WorksFilter } from "./works-filter.ts";
import { WorksTable } from "./works-table.tsx";

export interface PaperViewProps {
  readonly paper: Paper;
  /** The detector that figures are drawn by; undefined where there is none of the quickstart. */
  readonly figures: FigureSource | undefined;
}

export function PaperView({ paper, figures }: PaperViewProps): JSX.Element {
  const filter = useSignal<WorksFilter>(noFilter);
  const chosen = useSignal<Work | undefined>(undefined);
  const shown = useComputed(() => new Set(paper.works.filter((work) => matches(work, filter.value))));
  return (
    <article class="paper">
      <h1>{paper.title}</h1>
      <About paper={paper} />
      {paper.quickSummary.length > 0 && (
        <section aria-labelledby="quick">
          <h2 id="quick">In short</h2>
          {paper.quickSummary.map((text) => (
            <p key={text}>{text}</p>
          ))}
        </section>
      )}
      {paper.summary.length > 0 && (
        <section aria-labelledby="longer">
          <h2 id="longer">In more words</h2>
          {paper.summary.map(({ heading, text, figure }) => (
            <div key={heading} class="part">
              <h3>{heading}</h3>
              <p>{text}</p>
              {figure && <PaperFigure name={figure} source={figures} />}
            </div>
          ))}
        </section>
      )}
      {paper.terms.length > 0 && <Terms paper={paper} />}
      <section aria-labelledby="works">
        <h2 id="works">What it builds on, and what builds on it</h2>
        <FilterBar works={paper.works} filter={filter} />
        <div class={chosen.value ? "network-place open" : "network-place"}>
          <NetworkView
            paper={paper}
            isShown={(work) => shown.value.has(work)}
            chosen={chosen.value}
            onChoose={(work) => (chosen.value = work)}
          />
          <div aria-live="polite">
            {chosen.value && <WorkPanel work={chosen.value} onClose={() => (chosen.value = undefined)} />}
          </div>
        </div>
        <WorksTable works={paper.works.filter((work) => shown.value.has(work))} total={paper.works.length} />
      </section>
    </article>
  );
}

function About({ paper }: { readonly paper: Paper }): JSX.Element {
  const { authors, venue, year, identifiers, dates, links } = paper;
  const where = venue !== "" ? venue : year === null ? "" : String(year);
  return (
    <>
      {authors.length > 0 && <p class="lead">{authors.join(", ")}</p>}
      <dl class="facts wide">
        {where !== "" && <Fact name="published in" text={where} />}
        {Object.entries(identifiers).map(([name, text]) => (
          <Fact key={name} name={name} text={text} />
        ))}
        {Object.entries(dates).map(([name, text]) => (
          <Fact key={name} name={name} text={text} />
        ))}
      </dl>
      <ul class="links">
        {links.map(({ label, href }) => (
          <li key={href}>
            <a href={href} target="_blank" rel="noopener noreferrer">
              {label}
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

function Fact({ name, text }: { readonly name: string; readonly text: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function Terms({ paper: { terms } }: { readonly paper: Paper }): JSX.Element {
  const most = Math.max(...terms.map(({ weight }) => weight), 1e-9);
  return (
    <section aria-labelledby="terms">
      <h2 id="terms">Key terms</h2>
      <p>
        What the abstract says that the titles around it do not, by TF-IDF: how often a term comes in the abstract,
        times 1 + ln((1 + N) / (1 + d)), where d of N titles have it; weights have length 1 together.
      </p>
      <ol class="terms">
        {terms.map(({ term, weight }) => (
          <li key={term}>
            <span class="term">{term}</span>
            <span class="bar" aria-hidden="true">
              <span style={{ width: `${(100 * weight) / most}%` }} />
            </span>
            <span class="number">{weight.toFixed(3)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function WorkPanel({ work, onClose }: { readonly work: Work; readonly onClose: () => void }): JSX.Element {
  return (
    <section class="panel work-panel" aria-label="Chosen work">
      <h3>{work.title}</h3>
      <p>{authorsOf(work)}</p>
      <p>
        {yearOf(work)}, {relationWords[work.relation]}
      </p>
      <p>
        Implemented in Outglow: {implementedWords[work.implemented]}
        {work.how !== "" && `. ${work.how}`}
      </p>
      <p class="row">
        <a href={work.link} target="_blank" rel="noopener noreferrer">
          View paper
        </a>
        <button type="button" class="button quiet" onClick={onClose}>
          Close
        </button>
      </p>
    </section>
  );
}
