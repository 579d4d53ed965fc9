/**
 * Requests of the Open Inference Protocol, version 2 (github.com/kserve/open-inference-protocol, inference_rest.md), with its binary tensor
 * data extension: JSON, and behind it the bytes of tensors in the order in which they are named.
 */
import { z } from "zod";
import { setting } from "../base/index.ts";
import { parseJson } from "./bodies.ts";
import type { SentTensor } from "./image-tensors.ts";
import { badRequest, tooLarge } from "./refusals.ts";

/** The header that tells where the JSON ends and the bytes begin. */
export const headerLength = "inference-header-content-length";

/** The name of the only input. */
export const inputName = "images";

const parameters = z.record(z.string(), z.unknown());

/** The JSON of a request. */
export const inferenceRequestSchema = z.object({
  id: z.string().max(1024).optional(),
  parameters: parameters.and(z.object({ binary_data_output: z.boolean().optional() })).optional(),
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z
          .array(
            z
              .number()
              .int()
              .min(0)
              .max(2 ** 31),
          )
          .max(8),
        datatype: z.string(),
        parameters: parameters
          .and(
            z.object({
              binary_data_size: z.number().int().min(0).optional(),
              range: z.enum(["levels", "unit"]).optional(),
            }),
          )
          .optional(),
        data: z.unknown().optional(),
      }),
    )
    .length(1),
  outputs: z
    .array(
      z.object({
        name: z.string(),
        parameters: parameters.and(z.object({ binary_data: z.boolean().optional() })).optional(),
      }),
    )
    .max(256)
    .optional(),
});

/** An output that a caller wants. */
export interface WantedOutput {
  readonly name: string;
  readonly binary: boolean;
}

/** A request as it was sent. */
export interface InferenceRequest {
  readonly id: string | undefined;
  readonly tensor: SentTensor;
  /** Undefined: all that there are. */
  readonly outputs: readonly WantedOutput[] | undefined;
  /** How outputs that are not named come. */
  readonly binary: boolean;
}

/** Reads a request. Throws Refusal: 400 where it is not of the protocol, 413 for too many images. */
export function readInferenceRequest(
  body: Buffer,
  jsonLength: string | undefined,
  maxImages: number,
): InferenceRequest {
  const end = jsonLength === undefined ? body.length : jsonEnd(jsonLength, body.length);
  const json = parseJson(body.subarray(0, end));
  const parsed = inferenceRequestSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const expected = /expected (.*?)(, received .*)?$/.exec(message)?.[1] ?? "a value of the protocol";
    throw badRequest(`request: ${path.map(String).join(".") || "body"}`, expected, "another value");
  }
  const { id, inputs, outputs, parameters: asked } = parsed.data;
  const [input] = inputs;
  const { name, shape, datatype, data } = input!;
  if (name !== inputName) throw badRequest("request: inputs.0.name", `'${inputName}'`, `'${name.slice(0, 60)}'`);
  const most = shape[0] ?? 0;
  if (most > maxImages) throw tooLarge("images", `at most ${maxImages} (${setting("maxImages")})`, String(most));
  const binary = asked?.binary_data_output ?? false;
  const size = input!.parameters?.binary_data_size;
  const rest = body.subarray(end);
  if (size === undefined ? rest.length > 0 : rest.length !== size) {
    throw badRequest("request: binary data", `${size ?? 0} bytes behind the JSON`, String(rest.length));
  }
  if (size !== undefined && data !== undefined) throw badRequest("request: inputs.0", "data or binary data", "both");
  const range = input!.parameters?.range;
  return {
    id,
    tensor: { name, shape, datatype, range, data, bytes: size === undefined ? undefined : rest },
    outputs: outputs?.map((one) => ({ name: one.name, binary: one.parameters?.binary_data ?? binary })),
    binary,
  };
}

function jsonEnd(text: string, most: number): number {
  const length = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (length <= most) return length;
  throw badRequest("header Inference-Header-Content-Length", `a length up to ${most}`, text.slice(0, 20));
}
