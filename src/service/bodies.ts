/** Bodies of requests, read whole within limits before anything is done with them: a slow caller holds memory, never a process that scores. */

import type { z } from "zod";
import { setting } from "../base/index.ts";
import { issueParts } from "../model/index.ts";
import { badRequest, Refusal, tooBusy, tooLarge } from "./refusals.ts";

/** Reads bodies; all that are on their way share a budget of memory. */
export interface BodyReader {
  /** Throws Refusal: 413 for more than `maxBody`, 415 for compressed ones, 429 where too many come at a time. */
  read(request: globalThis.Request): Promise<Buffer>;
}

/** Bodies on their way that fit in memory together, at most. */
const bodiesAtOnce = 16;

/** A reader of bodies of at most so many bytes. */
export function makeBodyReader(maxBody: number): BodyReader {
  let reserved = 0;
  return {
    async read(request) {
      const encoding = request.headers.get("content-encoding") ?? "identity";
      if (encoding !== "identity") {
        const got = `Content-Encoding: ${encoding.slice(0, 40)}`;
        throw new Refusal(415, { code: "unsupported", subject: "body", expected: "bytes as they are", got });
      }
      const announced = Number(request.headers.get("content-length") ?? maxBody);
      if (!(announced <= maxBody)) throw tooMany(maxBody, String(announced));
      const limit = Number.isSafeInteger(announced) ? announced : maxBody;
      if (reserved > 0 && reserved + limit > bodiesAtOnce * maxBody) {
        throw tooBusy(`bodies of at most ${bodiesAtOnce * maxBody} bytes at a time`, String(reserved + limit));
      }
      reserved += limit;
      try {
        return await readAll(request, maxBody);
      } finally {
        reserved -= limit;
      }
    },
  };
}

/** A body of no more bytes is read at once: a stream costs more than what it carries. */
const smallBody = 2 ** 18;

async function readAll(request: globalThis.Request, maxBody: number): Promise<Buffer> {
  // The server reads no more of a request than it announces.
  if (Number(request.headers.get("content-length") ?? Number.NaN) <= smallBody) {
    return Buffer.from(await request.arrayBuffer().catch(cutOff));
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read().catch(cutOff)) ?? { done: true, value: undefined };
    if (done) break;
    length += value.length;
    if (length > maxBody) {
      await reader?.cancel().catch(() => undefined);
      throw tooMany(maxBody, "more");
    }
    chunks.push(value);
  }
  return chunks.length === 1 ? Buffer.from(chunks[0]!.buffer, chunks[0]!.byteOffset, length) : Buffer.concat(chunks);
}

function cutOff(): never {
  throw new Refusal(400, { code: "damaged", subject: "body", expected: "all of it", got: "a connection that ended" });
}

function tooMany(maxBody: number, got: string): Refusal {
  return tooLarge("body", `at most ${maxBody} bytes (${setting("maxBody")})`, got);
}

/** The JSON of a body as a schema wants it. Throws Refusal (400) for any other. */
export function readJson<Schema extends z.ZodType>(body: Buffer, schema: Schema): z.output<Schema> {
  const value = parseJson(body);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, expected, got } = issueParts(parsed.error, value);
  throw badRequest(`request: ${path || "body"}`, expected, got);
}

/** The JSON of a body. Throws Refusal (400) for another text. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw badRequest("request", "JSON", bytes.length === 0 ? "no body" : "another text");
  }
}
