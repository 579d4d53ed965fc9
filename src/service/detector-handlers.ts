/** Detectors by id: what there is, their files, and images scored by them. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { detectorFiles, manifestName } from "../detector/index.ts";
import { smallestFalseAlarm } from "../score/index.ts";
import { mapSubject, nameOfMap } from "../workflow/index.ts";
import type { Place } from "./catalogue.ts";
import { needsCoders } from "./inference-response.ts";
import { boundaryOf, readMultipart } from "./multipart.ts";
import { readQuery } from "./queries.ts";
import { badRequest, notFound, Refusal } from "./refusals.ts";
import { type Call, type Handler, type Handlers, json, type ServiceParts } from "./requests.ts";
import { type DetectorSummary, driftQuery, predictQuery } from "./schemas.ts";
import { type JudgedImage, scoreImages } from "./scoring.ts";

function summaryOf({ id, served, fault }: Place): DetectorSummary {
  const manifest = served?.manifest;
  const input = manifest?.input;
  return {
    id,
    ready: served !== undefined,
    version: served?.version ?? null,
    fault: fault ?? null,
    input: input ? { channels: input.channels, height: input.height, width: input.width } : null,
    defaultScore: manifest?.defaultScore ?? null,
    scores: Object.keys(manifest?.calibration.scores ?? {}),
    smallestFalseAlarm: manifest ? smallestFalseAlarm(manifest.calibration.count) : null,
  };
}

const detectors: Handler = (_, { catalogue }) => json({ detectors: catalogue.places.map(summaryOf) });

const detector: Handler = ({ parts: { id } }, { catalogue }) => {
  const place = catalogue.place(id!);
  return json({ ...summaryOf(place), manifest: place.served?.manifest ?? null });
};

const file: Handler = async ({ parts: { id, name } }, { catalogue }) => {
  const { files, manifest, version } = catalogue.find(id!);
  const isFile = detectorFiles.some((one) => one === name && manifest.files[one] !== undefined);
  if (name !== manifestName && !isFile) throw notFound("file", "one that the manifest names", "another");
  const path = join(files, name!);
  const { size } = await stat(path);
  const type = name!.endsWith(".json") ? "application/json" : "application/octet-stream";
  const headers = { "content-type": type, "content-length": String(size), etag: `"${version}-${name}"` };
  return new Response(Readable.toWeb(createReadStream(path)) as ReadableStream, { headers });
};

const predict: Handler = async (call, parts) => {
  const [, id, verb] = /^(.*):([^:]*)$/s.exec(call.parts.call!) ?? [];
  if (verb !== "predict") throw notFound("route", "an id with :predict behind it", "another");
  const detector = parts.catalogue.find(id!);
  const { score, falseAlarm, map } = readQuery(call, predictQuery);
  const chosen = score ?? detector.manifest.defaultScore;
  const picture = /^\s*image\/png\b/i.test(call.request.headers.get("accept") ?? "");
  const shown = map !== undefined || picture ? mapSubject(detector.manifest, chosen) : undefined;
  const images = await readImages(call, parts);
  if (picture && images.length !== 1) {
    const fault = { code: "unsupported", subject: "header Accept", expected: "image/png for one image" } as const;
    throw new Refusal(406, { ...fault, got: `${images.length} images` });
  }
  const { decision, images: judged } = await scoreImages(parts, detector, {
    images: images.map(({ bytes }) => ({ kind: "encoded", bytes })),
    names: images.map(({ name }) => name),
    score,
    falseAlarm,
    coders: needsCoders(detector.manifest, chosen),
    maps: shown !== undefined,
    signal: call.request.signal,
  });
  const shows = shown && nameOfMap(shown);
  if (picture) return pictureOf(judged[0]!, shows!);
  return json({
    detector: { id: detector.id, version: detector.version },
    score: chosen,
    rule: decision.words,
    falseAlarm: decision.falseAlarm,
    threshold: decision.threshold,
    smallestFalseAlarm: smallestFalseAlarm(detector.manifest.calibration.count),
    ...(shows !== undefined && { map: shows }),
    images: judged.map(({ map: drawn, ...one }, index) => {
      const base64 = drawn && Buffer.from(drawn.buffer, drawn.byteOffset, drawn.length).toString("base64");
      return { name: images[index]!.name, ...one, ...(base64 !== undefined && { map: base64 }) };
    }),
  });
};

/** The picture of one image's map, with what is said of the image in headers. */
function pictureOf({ map, score, pValue, anomalous }: JudgedImage, shows: string): globalThis.Response {
  const headers = {
    "content-type": "image/png",
    "outglow-score": String(score),
    "outglow-p-value": String(pValue),
    "outglow-anomalous": String(anomalous),
    "outglow-map": shows,
  };
  return new Response(new Uint8Array(map!), { headers });
}

interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function readImages({ request }: Call, { bodies, settings }: ServiceParts): Promise<readonly NamedFile[]> {
  const type = request.headers.get("content-type") ?? "application/octet-stream";
  const boundary = boundaryOf(type);
  if (boundary === undefined && !/^(image\/[\w.+-]+|application\/octet-stream)\s*(;|$)/i.test(type)) {
    const expected = "an image, application/octet-stream or multipart/form-data with a boundary";
    throw new Refusal(415, { code: "unsupported", subject: "body", expected, got: type.slice(0, 60) });
  }
  const body = await bodies.read(request);
  const images =
    boundary === undefined ? [{ name: "image", bytes: body }] : readMultipart(body, boundary, settings.maxImages);
  if (images.length === 0 || body.length === 0) throw badRequest("body", "an image", "none");
  return images;
}

const drift: Handler = (call, { catalogue, drift: book }) => {
  const detector = catalogue.find(call.parts.id!);
  const { falseAlarm } = readQuery(call, driftQuery);
  const state = book.state(detector, falseAlarm);
  const windows = book.window(
    detector,
    state.columns.map(({ column }) => column),
  );
  return json({ ...state, columns: state.columns.map((one) => ({ ...one, window: windows[one.column] })) });
};

/** The handlers of `/api`. */
export const detectorHandlers = {
  detectors,
  detector,
  file,
  predict,
  drift,
  async rescan(call, parts) {
    parts.audit.tell({ action: "rescan", request: call.id, caller: call.caller ?? null });
    await parts.catalogue.scan();
    return detectors(call, parts);
  },
} as const satisfies Partial<Handlers>;
