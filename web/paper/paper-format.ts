/** A paper as the paper's page takes it (docs/paper-format.md): parsed from anybody's JSON, with nothing believed. Pure. */
import { FormatError } from "../../src/base/index.ts";
import { type KeyTerm, keyTerms } from "./key-terms.ts";

/** How a work stands to the paper: it cites the paper, or the paper builds on it. */
export type Relation = "citing" | "cited";

/** Whether what a work proposes is in Outglow. */
export type Implemented = "yes" | "partly" | "no";

/** A work beside the paper. */
export interface Work {
  readonly title: string;
  readonly authors: readonly string[];
  readonly year: number | null;
  readonly relation: Relation;
  /** An address of http or https; where there is none, a search for the title is one. */
  readonly link: string;
  readonly implemented: Implemented;
  /** What of it is there, and the command; empty where nothing is. */
  readonly how: string;
}

/** A link with its words. */
export interface PaperLink {
  readonly label: string;
  readonly href: string;
}

/** A part of the longer summary. `figure` is drawn below it where a detector is at hand. */
export interface SummaryPart {
  readonly heading: string;
  readonly text: string;
  readonly figure: FigureName | undefined;
}

/** Figures that the page can draw. */
export type FigureName = (typeof figureNames)[number];
const figureNames = ["likelihoods", "scales"] as const;

/** A paper with the works around it. */
export interface Paper {
  readonly title: string;
  readonly authors: readonly string[];
  readonly year: number | null;
  readonly venue: string;
  /** Such as arXiv and DOI, by what they are called. */
  readonly identifiers: Readonly<Record<string, string>>;
  /** Such as published and updated, ISO dates by what they are called. */
  readonly dates: Readonly<Record<string, string>>;
  readonly links: readonly PaperLink[];
  readonly quickSummary: readonly string[];
  readonly summary: readonly SummaryPart[];
  readonly terms: readonly KeyTerm[];
  readonly works: readonly Work[];
}

/** What a file says it is. */
const paperKind = "outglow paper";
const formatVersion = 1;

/** More would be no page; a text longer than this no summary. */
const [mostWorks, mostText, mostList] = [5000, 20_000, 200];

/** Key terms that are computed where a file brings an abstract instead. */
const computedTerms = 24;

/**
 * Parses a paper's file. Throws FormatError that names the field for what is missing or of another kind, for links that are not of http or
 * https, and for lists and texts beyond all measure.
 */
export function parsePaper(content: unknown): Paper {
  const file = record(content, "paper");
  if (file.kind !== paperKind) throw wrong("kind", `'${paperKind}'`, file.kind);
  if (file.version !== formatVersion) throw wrong("version", String(formatVersion), file.version);
  const works = list(file.works, "works", mostWorks).map(workOf);
  return {
    title: words(file.title, "title"),
    authors: texts(file.authors, "authors"),
    year: yearOf(file.year, "year"),
    venue: optionalText(file.venue, "venue"),
    identifiers: textRecord(file.identifiers, "identifiers"),
    dates: textRecord(file.dates, "dates"),
    links: optionalList(file.links, "links").map(linkOf),
    quickSummary: optionalList(file.quickSummary, "quickSummary").map((one, at) => words(one, `quickSummary[${at}]`)),
    summary: optionalList(file.summary, "summary").map(partOf),
    terms: termsOfFile(file, works),
    works,
  };
}

function termsOfFile(file: Fields, works: readonly Work[]): KeyTerm[] {
  if (file.terms !== undefined) return list(file.terms, "terms", mostList).map(termOf);
  const abstract = optionalText(file.abstract, "abstract");
  return keyTerms(
    abstract,
    works.map(({ title }) => title),
    computedTerms,
  );
}

function termOf(content: unknown, at: number): KeyTerm {
  const where = `terms[${at}]`;
  const { term, weight } = record(content, where);
  if (typeof weight !== "number" || !(weight >= 0 && weight <= 1)) {
    throw wrong(`${where}.weight`, "a number from 0 to 1", weight);
  }
  return { term: words(term, `${where}.term`), weight };
}

function workOf(content: unknown, at: number): Work {
  const where = `works[${at}]`;
  const work = record(content, where);
  const title = words(work.title, `${where}.title`);
  return {
    title,
    authors: texts(work.authors, `${where}.authors`),
    year: yearOf(work.year, `${where}.year`),
    relation: oneOf(work.relation, ["citing", "cited"], `${where}.relation`),
    link: work.link === undefined ? searchFor(title) : address(work.link, `${where}.link`),
    implemented:
      work.implemented === undefined ? "no" : oneOf(work.implemented, ["yes", "partly", "no"], `${where}.implemented`),
    how: optionalText(work.how, `${where}.how`),
  };
}

function linkOf(content: unknown, at: number): PaperLink {
  const where = `links[${at}]`;
  const { label, href } = record(content, where);
  return { label: words(label, `${where}.label`), href: address(href, `${where}.href`) };
}

function partOf(content: unknown, at: number): SummaryPart {
  const where = `summary[${at}]`;
  const { heading, text, figure } = record(content, where);
  return {
    heading: words(heading, `${where}.heading`),
    text: words(text, `${where}.text`),
    figure: figure === undefined ? undefined : oneOf(figure, figureNames, `${where}.figure`),
  };
}

/** Where a title can be looked up. */
function searchFor(title: string): string {
  return `https://www.semanticscholar.org/search?q=${encodeURIComponent(title)}`;
}

type Fields = Readonly<Record<string, unknown>>;

function record(content: unknown, where: string): Fields {
  if (typeof content === "object" && content !== null && !Array.isArray(content)) return content as Fields;
  throw wrong(where, "an object", content);
}

function list(content: unknown, where: string, most: number): readonly unknown[] {
  if (!Array.isArray(content)) throw wrong(where, "a list", content);
  if (content.length > most) throw wrong(where, `at most ${most}`, content.length);
  return content;
}

const optionalList = (content: unknown, where: string): readonly unknown[] =>
  content === undefined ? [] : list(content, where, mostList);

const texts = (content: unknown, where: string): string[] =>
  optionalList(content, where).map((one, at) => words(one, `${where}[${at}]`));

function words(content: unknown, where: string): string {
  if (typeof content !== "string" || content.trim() === "") throw wrong(where, "a text", content);
  if (content.length > mostText) throw wrong(where, `at most ${mostText} letters`, content.length);
  return content;
}

const optionalText = (content: unknown, where: string): string =>
  content === undefined || content === "" ? "" : words(content, where);

function textRecord(content: unknown, where: string): Record<string, string> {
  const entries = Object.entries(content === undefined ? {} : record(content, where));
  if (entries.length > mostList) throw wrong(where, `at most ${mostList}`, entries.length);
  return Object.fromEntries(entries.map(([name, value]) => [name, words(value, `${where}.${name}`)]));
}

function yearOf(content: unknown, where: string): number | null {
  if (content === undefined || content === null) return null;
  if (Number.isInteger(content) && Number(content) >= 1000 && Number(content) < 3000) return Number(content);
  throw wrong(where, "a year or null", content);
}

function oneOf<Name extends string>(content: unknown, names: readonly Name[], where: string): Name {
  const name = names.find((one) => one === content);
  if (name === undefined) throw wrong(where, names.join(" or "), content);
  return name;
}

/** An address of the web: `javascript:` and its like would run when clicked. */
function address(content: unknown, where: string): string {
  const text = words(content, where);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url.href;
  throw wrong(where, "an address of https or http", content);
}

function wrong(field: string, expected: string, got: unknown): FormatError {
  const shown = got === undefined ? "nothing" : (JSON.stringify(got) ?? String(got));
  return new FormatError({
    code: "unsupported",
    subject: `paper file: ${field}`,
    expected,
    got: shown.length > 80 ? `${shown.slice(0, 80)}...` : shown,
    remedy: { key: "other", text: "docs/paper-format.md says what a paper's file holds" },
  });
}
