/** Images that were scored: what is known of each, pictures, maps, those most like it; and images that flows draw. */

import type { InputForm } from "../../pixels/index.ts";
import { piecesOf, termsPerScale, termWidth } from "../../score/index.ts";
import { badRequest } from "../../service/index.ts";
import { mapChoices } from "../../workflow/index.ts";
import type { DrawnPicture, ImagePlace } from "../looking/look-messages.ts";
import { useOf } from "../looking/looking-requests.ts";
import { type Likeness, nearestRows, type Rows, spreadOf } from "../looking/nearest.ts";
import { printSize } from "../looking/scoring-files.ts";
import {
  imageOf,
  type ReadSet,
  readRow,
  readRows,
  readScores,
  type ScoredImagePlace,
  type Scoring,
} from "../looking/scorings.ts";
import type { Handlers, StudioParts } from "./requests.ts";
import { detectorOf, findScoring, folderOf } from "./scoring-handlers.ts";

type Names = "scoredImage" | "nearestImages" | "imagePicture" | "imageMap" | "samples";

/** Images that are shown as the nearest. */
const mostNearest = 8;
/** Where nobody knows how images are read: as a grey detector without settings would. */
const plainForm: InputForm = { channels: 3, height: 128, width: 128 };

export const imageHandlers: Pick<Handlers, Names> = {
  async scoredImage({ parts: { run: id, image } }, parts) {
    const { run, scoring, place } = await find(parts, id!, image!);
    const { about } = scoring;
    const { set, position } = place;
    const folder = folderOf(parts, run.id);
    const values = await readScores(folder, scoring, place);
    const row = new Float32Array((await readRow(folder, scoring, place, "terms")).buffer);
    const { known, said } = await detectorOf(parts, run);
    const name = set.names[position]!;
    return {
      ...{ image: set.first + position, detector: said.detector, name, className: set.classNames[position] ?? null },
      ...{ set: set.name, kind: set.kind, location: set.location },
      mark: parts.marks.of(set.location).get(name) ?? null,
      scores: about.scores.map((score, column) => {
        const value = values[column]!;
        const { count, scores } = about.references[score.name] ?? { count: 0, scores: [] };
        const below = scores.filter((one) => one < value).length;
        return {
          name: score.name,
          value: Number.isFinite(value) ? value : null,
          pValue: (1 + count - below) / (count + 1),
        };
      }),
      normal: termsOf(row, piecesOf(about.scales), 0),
      general: about.general ? termsOf(row, piecesOf(about.scales), 1) : null,
      dimensions: about.dimensions,
      maps: known?.manifest ? [...mapChoices(known.manifest)] : [],
    };
  },
  async nearestImages({ parts: { run: id, image }, query: { by } }, parts) {
    const { run, scoring, place } = await find(parts, id!, image!);
    const folder = folderOf(parts, run.id);
    const normals = scoring.sets.filter(({ kind }) => kind === "normal" || kind === "held-out");
    const sets = (normals.length > 0 ? normals : scoring.sets).filter(({ names }) => names.length > 0);
    const own = scoring.sets.indexOf(place.set);
    const name = by === "terms" ? "terms" : "prints";
    const one = rowsOf(by, await readRow(folder, scoring, place, name), scoring);
    const found = [];
    const all = await Promise.all(
      sets.map(async (set) => rowsOf(by, await readRows(folder, scoring, set, name), scoring)),
    );
    const joined = joinRows(all);
    const { deviation } = spreadOf(joined);
    const scale = by === "terms" ? deviation : new Float64Array(joined.width).fill(1);
    const starts = startsOf(sets);
    for (const { row, distance } of nearestRows(one.values, joined, scale, mostNearest + 1)) {
      const at = starts.findLastIndex((start) => start <= row);
      const set = sets[at]!;
      const position = row - starts[at]!;
      if (scoring.sets.indexOf(set) === own && position === place.position) continue;
      found.push({ image: set.first + position, name: set.names[position]!, set: set.name, distance });
    }
    return { among: joined.values.length / joined.width, neighbours: found.slice(0, mostNearest) };
  },
  async imagePicture({ request, parts: { run: id, image }, query: { side, prepared } }, parts) {
    const { run, place } = await find(parts, id!, image!);
    const form = (await detectorOf(parts, run)).known?.manifest?.input;
    const wish = {
      image: imagePlace(place),
      form: form ?? plainForm,
      prepared: prepared === "1" && form !== undefined,
    };
    return answer(await parts.pictures.draw({ kind: "picture", ...wish, longest: side }, request.signal));
  },
  async imageMap({ request, parts: { run: id, image, map }, query: { side } }, parts) {
    const { run, scoring, place } = await find(parts, id!, image!);
    const column = scoring.about.scores.findIndex(({ name }) => name === map);
    const values = column < 0 ? undefined : await readScores(folderOf(parts, run.id), scoring, place);
    const wish = { detector: run.out, image: imagePlace(place), map: map!, score: values?.[column] ?? null };
    return answer(await parts.models.draw({ kind: "map", ...wish, longest: side }, request.signal));
  },
  async samples({ request, parts: { detector }, query }, parts) {
    const { path, manifest } = await parts.detectors.manifest(detector!);
    const { model, count, temperature } = query;
    if (model === "normal" ? !manifest.models.normal : !manifest.models.general) {
      throw badRequest("query: model", "one that the detector has", model);
    }
    const [run, number] = query.image?.split(":") ?? [];
    const image = run === undefined ? null : imagePlace((await find(parts, run, number!)).place);
    const numbers = (text: string | undefined): number[] => (text === undefined ? [] : text.split(",").map(Number));
    const { scales } = manifest.training.model;
    const kept = numbers(query.kept).filter((scale) => scale < scales);
    const wish = { detector: path, model, count, temperature, seeds: numbers(query.seeds), image, kept };
    return answer(await parts.models.draw({ kind: "samples", ...wish }, request.signal));
  },
};

async function find(parts: StudioParts, id: string, image: string) {
  const run = findScoring(parts, id);
  const scoring = await parts.scorings.read(run.id);
  return { run, scoring, place: imageOf(scoring, image) };
}

function imagePlace({ set, position }: ScoredImagePlace): ImagePlace {
  return { location: set.location, use: useOf(set.kind), index: set.indices[position]!, name: set.names[position]! };
}

function answer({ bytes, type }: DrawnPicture): Response {
  const headers = { "content-type": type, "cache-control": "private, max-age=600" };
  return new Response(new Uint8Array(bytes), { headers });
}

/** The terms of one model, null for what is not finite. */
function termsOf(row: Float32Array, pieces: number, model: number) {
  const at = (piece: number, term: number): number | null => {
    const value = row[(model * pieces + piece) * termsPerScale + term]!;
    return Number.isFinite(value) ? value : null;
  };
  const all = Array.from({ length: pieces }, (_, piece) => piece);
  return { logDet: all.map((scale) => at(scale, 0)), prior: all.map((scale) => at(scale, 1)) };
}

function rowsOf(by: Likeness, bytes: Uint8Array<ArrayBuffer>, { about }: Scoring): Rows {
  if (by === "pixels") return { values: bytes, width: printSize };
  return { values: new Float32Array(bytes.buffer), width: (about.general ? 2 : 1) * termWidth(about) };
}

function joinRows(all: readonly Rows[]): Rows {
  if (all.length === 1) return all[0]!;
  const values = new Float32Array(all.reduce((sum, rows) => sum + rows.values.length, 0));
  let at = 0;
  for (const rows of all) {
    values.set(rows.values, at);
    at += rows.values.length;
  }
  return { values, width: all[0]?.width ?? 1 };
}

function startsOf(sets: readonly ReadSet[]): number[] {
  let next = 0;
  return sets.map(({ names }) => {
    const start = next;
    next += names.length;
    return start;
  });
}
