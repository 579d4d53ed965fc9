/** Answers of the Open Inference Protocol, version 2: metadata, and scores as tensors. */
import type { Manifest } from "../detector/index.ts";
import { measuredFor, neededSources } from "../detector/index.ts";
import type { ServedDetector } from "./catalogue.ts";
import { headerLength, inputName, type WantedOutput } from "./inference-request.ts";
import { badRequest } from "./refusals.ts";
import type { JudgedImage } from "./scoring.ts";

/** Outputs besides the scores. `score` is the detector's own, the one that decides. */
const ownOutputs = ["score", "p_value", "anomalous"] as const;

/**
 * Whether a score needs images to be coded, which takes longer than to score small ones. Throws Refusal (400) for a score that is measured on
 * demand, unless the detector's own decides by such measures.
 */
export function needsCoders(manifest: Manifest, score: string): boolean {
  const needs = neededSources(manifest, score);
  if (!isServed(manifest, score)) {
    throw badRequest("score", "one that costs a pass of the flow", `'${score}', which is measured by the command line`);
  }
  return needs.includes("coders");
}

/** Whether what a score needs on demand is measured of every image anyway. */
function isServed(manifest: Manifest, score: string): boolean {
  const own = measuredFor(manifest, [manifest.defaultScore]);
  return measuredFor(manifest, [score]).every((source) => own.includes(source));
}

/** The outputs that come where none is named: all but scores by coders, unless the detector's own is one. */
function usualOutputs(manifest: Manifest): string[] {
  const coders = needsCoders(manifest, manifest.defaultScore);
  const scores = Object.keys(manifest.calibration.scores)
    .filter((name) => isServed(manifest, name))
    .filter((name) => coders || !needsCoders(manifest, name));
  return [...ownOutputs, ...scores];
}

/** What the service says of a detector as a model. */
export function modelMetadata({ id, version, manifest }: ServedDetector): object {
  const { channels, height, width } = manifest.input;
  return {
    name: id,
    versions: [version],
    platform: "outglow",
    inputs: [{ name: inputName, datatype: "UINT8", shape: [-1, channels, height, width] }],
    outputs: usualOutputs(manifest).map((name) => ({
      name,
      datatype: name === "anomalous" ? "BOOL" : "FP64",
      shape: [-1],
    })),
  };
}

/** The outputs that are wanted, and whether they need coders. Throws Refusal (400) for an output that there is not. */
export function chooseOutputs(
  manifest: Manifest,
  wanted: readonly WantedOutput[] | undefined,
  binary: boolean,
): { readonly outputs: readonly WantedOutput[]; readonly coders: boolean } {
  const known = [...ownOutputs, ...Object.keys(manifest.calibration.scores)];
  const outputs = wanted ?? usualOutputs(manifest).map((name) => ({ name, binary }));
  const unknown = outputs.find(({ name }) => !known.includes(name));
  if (unknown) throw badRequest("outputs", `some of ${known.join(", ")}`, `'${unknown.name.slice(0, 60)}'`);
  const scores = outputs.map(({ name }) => name).filter((name) => !(ownOutputs as readonly string[]).includes(name));
  const coders = [manifest.defaultScore, ...scores].some((name) => needsCoders(manifest, name));
  return { outputs, coders };
}

/** An answer: its body and headers. Numbers that are not finite are null in JSON, which has none; as bytes they are what they are. */
export function inferenceResponse(
  { id: model, version }: ServedDetector,
  id: string | undefined,
  outputs: readonly WantedOutput[],
  images: readonly JudgedImage[],
): { readonly body: Buffer; readonly headers: Readonly<Record<string, string>> } {
  const tail: Buffer[] = [];
  const tensors = outputs.map(({ name, binary }) => {
    const shape = [images.length];
    const flags = name === "anomalous";
    const values = images.map((image) => outputValue(image, name));
    const head = { name, shape, datatype: flags ? "BOOL" : "FP64" };
    if (!binary) return { ...head, data: flags ? values.map((value) => value === 1) : values };
    const bytes = flags ? Buffer.from(values) : Buffer.alloc(8 * values.length);
    if (!flags) for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, 8 * index);
    tail.push(bytes);
    return { ...head, parameters: { binary_data_size: bytes.length } };
  });
  const answer = { model_name: model, model_version: version, ...(id !== undefined && { id }), outputs: tensors };
  const json = Buffer.from(JSON.stringify(answer));
  if (tail.length === 0) return { body: json, headers: { "content-type": "application/json" } };
  return {
    body: Buffer.concat([json, ...tail]),
    headers: { "content-type": "application/octet-stream", [headerLength]: String(json.length) },
  };
}

function outputValue({ score, pValue, anomalous, scores }: JudgedImage, name: string): number {
  if (name === "score") return score;
  if (name === "p_value") return pValue;
  if (name === "anomalous") return anomalous ? 1 : 0;
  return scores[name]!;
}
