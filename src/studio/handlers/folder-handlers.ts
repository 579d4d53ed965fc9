/** Folders of images: what is in them, the images of a part of them, small pictures, what was dropped. */
import { readFile } from "node:fs/promises";
import { makeBodyReader, notFound, tooLarge } from "../../service/index.ts";
import type { OpenedFolder } from "../known/folders.ts";
import { listPlace } from "../known/places.ts";
import type { ApiTypes } from "../routes/routes.ts";
import type { Inspection } from "../runs/inspect-job.ts";
import { isAtWork, type Run } from "../runs/runs.ts";
import type { Handlers, StudioParts } from "./requests.ts";
import { describeRun } from "./run-handlers.ts";

/** Bytes of a dropped file. */
const mostFile = 2 ** 28;
const files = makeBodyReader(mostFile);
/** How images are shown of which no detector says how they are read. */
const plainForm = { channels: 3, height: 128, width: 128 } as const;

type FolderHandlers = Pick<
  Handlers,
  | "place"
  | "folders"
  | "openFolder"
  | "folder"
  | "forgetFolder"
  | "folderImages"
  | "folderPicture"
  | "inspectFolder"
  | "makeFolder"
  | "putFile"
>;

export const folderHandlers: FolderHandlers = {
  async place({ body: { path } }, { folder }) {
    const { folders, ...place } = await listPlace(folder, path);
    return { ...place, folders: [...folders] };
  },
  folders: (_, { registry }) => ({
    folders: [...registry.all("folders")].map(([id, { name, location, added }]) => ({ id, name, location, added })),
  }),
  openFolder: async ({ body: { location } }, parts) => describeFolder(await parts.folders.open(location), parts),
  folder: async ({ parts: { folder } }, parts) => describeFolder(await parts.folders.find(folder!), parts),
  async forgetFolder({ parts: { folder } }, { folders, news }) {
    await folders.forget(folder!);
    news.tell();
    return { done: true };
  },
  async folderImages({ parts: { folder: id }, query }, parts) {
    const folder = await parts.folders.find(id!);
    const { source } = folder;
    const part = await partOf(folder, query, parts);
    const count = part?.length ?? source.length;
    const last = Math.min(count, query.from + query.count);
    const images = [];
    for (let at = query.from; at < last; at++) {
      const index = part ? part[at]! : at;
      images.push({ index, name: source.name(index), class: source.className(index) ?? null });
    }
    return { count, images };
  },
  async folderPicture({ request, parts: { folder, image }, query: { side } }, parts) {
    const index = /^\d{1,9}$/.test(image!) ? Number(image) : -1;
    const opened = await parts.folders.find(folder!);
    if (!(index >= 0 && index < opened.source.length)) throw notFound("image", "one of the folder's", "another");
    const place = { location: opened.location, index, name: opened.source.name(index) };
    const form = { ...plainForm, ...(await opened.samples()) };
    const wish = { kind: "picture", image: place, form, prepared: false, longest: side } as const;
    const { bytes, type } = await parts.pictures.draw(wish, request.signal);
    const headers = { "content-type": type, "cache-control": "private, max-age=300" };
    return new Response(new Uint8Array(bytes), { headers });
  },
  async inspectFolder({ parts: { folder: id }, body: { heldOut, seed, size } }, parts) {
    const { registry, folders, runs } = parts;
    // As it is now: what is found is told by where it stands in the list.
    const { location, name } = await folders.open(registry.find("folders", id!).location);
    const former = runs
      .list()
      .filter(({ kind, out, state }) => kind === "inspect" && out === location && !isAtWork(state));
    for (const run of former) await runs.forget(run.id);
    const started = await parts.runs.start({
      kind: "inspect",
      name: `a close look at ${name}`,
      out: location,
      command: null,
      request: { location, heldOut, seed, size },
    });
    return describeRun(started, parts);
  },
  async makeFolder({ body: { name } }, { folders }) {
    return { id: await folders.make(name) };
  },
  async putFile({ request, parts: { folder }, query: { path } }, { folders }) {
    const announced = Number(request.headers.get("content-length") ?? Number.NaN);
    if (!(announced <= mostFile)) throw tooLarge("file", `at most ${mostFile} bytes`, String(announced));
    await folders.put(folder!, path, await files.read(request));
    return { done: true };
  },
};

/** The images that a query means, in its order; undefined for all of them. */
async function partOf(
  folder: OpenedFolder,
  { class: wanted, found }: { readonly class?: string | undefined; readonly found?: string | undefined },
  parts: StudioParts,
): Promise<ArrayLike<number> | undefined> {
  const ofClass = wanted === undefined ? undefined : (folder.classes.get(wanted) ?? []);
  if (found === undefined) return ofClass;
  const inspection = await inspectionOf(folder, parts);
  const images =
    found === "held-out" ? inspection?.split.heldOut : inspection?.found.find(({ kind }) => kind === found)?.images;
  if (!images) throw notFound("part", "one that a close look has found", "another");
  // The folder may hold fewer images than when it was looked at.
  const there = images.filter((index) => index < folder.source.length);
  return wanted === undefined ? there : there.filter((index) => folder.source.className(index) === wanted);
}

/** The latest close look at a folder. */
function lookAt({ location }: { readonly location: string }, { runs }: StudioParts): Run | undefined {
  return runs.list().findLast(({ kind, out }) => kind === "inspect" && out === location);
}

const inspections = new WeakMap<OpenedFolder, { readonly run: string; readonly inspection: Promise<Inspection> }>();

async function inspectionOf(folder: OpenedFolder, parts: StudioParts): Promise<Inspection | undefined> {
  const run = lookAt(folder, parts);
  if (run?.state !== "finished") return undefined;
  const known = inspections.get(folder);
  if (known?.run === run.id) return known.inspection;
  const inspection = readFile(parts.runs.resultOf(run.id), "utf8").then((text) => JSON.parse(text) as Inspection);
  inspections.set(folder, { run: run.id, inspection });
  return inspection;
}

async function describeFolder(folder: OpenedFolder, parts: StudioParts): Promise<ApiTypes["folder"]["answer"]> {
  const { id, name, location, source, classes } = folder;
  const run = lookAt(folder, parts);
  const inspection = await inspectionOf(folder, parts).catch(() => undefined);
  return {
    ...{ id, name, location, format: source.format, images: source.length },
    classes: [...classes].map(([label, { length }]) => ({ name: label, count: length })),
    ignored: source.leftOut.map(({ what, count, example }) => ({ what, count, example })),
    problems: source.problems.slice(0, 100).map(({ name: of, reason }) => ({ name: of, reason })),
    problemCount: source.problems.length,
    remarks: [...source.remarks],
    look: run ? await describeRun(run, parts) : null,
    inspection: inspection
      ? {
          sizes: inspection.sizes.slice(0, 12).map((one) => ({ ...one })),
          sizeCount: inspection.sizes.length,
          channels: inspection.channels.map((one) => ({ ...one })),
          unreadable: inspection.unreadable.map((one) => ({ ...one })),
          unreadableCount: inspection.unreadableCount,
          found: inspection.found.map(({ kind, images, groups }) => ({ kind, images: images.length, groups })),
          heldOut: inspection.split.heldOut.length,
          trained: inspection.split.trained,
          leftOut: inspection.split.leftOut,
          objection: inspection.split.objection,
        }
      : null,
  };
}
