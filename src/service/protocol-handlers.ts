/** The Open Inference Protocol: health, metadata, inference. */
import { packageVersion } from "../detector/index.ts";
import type { ServedDetector } from "./catalogue.ts";
import { imagesOf } from "./image-tensors.ts";
import { headerLength, readInferenceRequest } from "./inference-request.ts";
import { chooseOutputs, inferenceResponse, modelMetadata } from "./inference-response.ts";
import { Refusal } from "./refusals.ts";
import { type Call, type Handler, type Handlers, json, type ServiceParts } from "./requests.ts";
import { scoreImages } from "./scoring.ts";

const model: Handler = (call, parts) => json(modelMetadata(find(call, parts)));

const modelReady: Handler = (call, parts) => {
  const name = call.parts.model!;
  try {
    find(call, parts);
    return json({ name, ready: !parts.draining() }, parts.draining() ? 503 : 200);
  } catch (error) {
    if (error instanceof Refusal && error.status === 503) return json({ name, ready: false }, 503);
    throw error;
  }
};

const infer: Handler = async (call, parts) => {
  const detector = find(call, parts);
  const body = await parts.bodies.read(call.request);
  const length = call.request.headers.get(headerLength) ?? undefined;
  const { id, tensor, outputs: wanted, binary } = readInferenceRequest(body, length, parts.settings.maxImages);
  const { outputs, coders } = chooseOutputs(detector.manifest, wanted, binary);
  const images = imagesOf(tensor, detector.manifest.input);
  const { images: judged } = await scoreImages(parts, detector, { images, coders, signal: call.request.signal });
  const answer = inferenceResponse(detector, id, outputs, judged);
  return new Response(new Uint8Array(answer.body), { headers: answer.headers });
};

function find({ parts: { model: id, version } }: Call, { catalogue }: ServiceParts): ServedDetector {
  return catalogue.find(id!, version);
}

/** The handlers of `/v2`. */
export const protocolHandlers = {
  live: () => json({ live: true }),
  ready(_, { catalogue, draining }) {
    const ready = catalogue.ready && !draining();
    return json({ live: true, ready }, ready ? 200 : 503);
  },
  server: () => json({ name: "outglow", version: packageVersion(), extensions: ["binary_tensor_data"] }),
  model,
  modelVersion: model,
  modelReady,
  modelVersionReady: modelReady,
  infer,
  inferVersion: infer,
} as const satisfies Partial<Handlers>;
