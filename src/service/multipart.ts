/** Bodies of several files, `multipart/form-data` (RFC 7578), as views into the body: nothing is copied, and nothing is decoded. */

import { setting } from "../base/index.ts";
import { badRequest, tooLarge } from "./refusals.ts";

/** A file of a body. */
export interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Longest header of a part, and of all. */
const mostHeaderBytes = 8192;

/** The boundary in a content type; undefined where it is another type. */
export function boundaryOf(contentType: string): string | undefined {
  const match = /^multipart\/form-data\s*;.*?\bboundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType);
  return match?.[1] ?? match?.[2];
}

/** The files of a body, in order; fields without a file name are files, too. Throws Refusal: 400 for damage, 413 for too many. */
export function readMultipart(body: Buffer, boundary: string, most: number): Part[] {
  const delimiter = Buffer.from(`\r\n-${"-"}${boundary}`, "latin1");
  const first = delimiter.subarray(2);
  const parts: Part[] = [];
  let at = body.subarray(0, first.length).equals(first) ? first.length : after(body, delimiter, 0);
  for (;;) {
    // What follows a delimiter: two hyphens at the end of all, or a line break.
    if (body[at] === 0x2d && body[at + 1] === 0x2d) return parts;
    if (body[at] !== 0x0d || body[at + 1] !== 0x0a) throw damaged("a line break after a boundary", "something else");
    if (parts.length === most) throw tooLarge("images", `at most ${most} (${setting("maxImages")})`, "more");
    const start = at + 2;
    const headersEnd = body.indexOf("\r\n\r\n", start, "latin1");
    if (headersEnd < 0 || headersEnd - start > mostHeaderBytes) throw damaged("a part's header", "none that ends");
    const end = body.indexOf(delimiter, headersEnd + 2);
    if (end < 0) throw damaged("a boundary at the end", "none");
    const name = nameIn(body.toString("utf8", start, headersEnd)) ?? `image ${parts.length}`;
    parts.push({ name, bytes: body.subarray(Math.min(headersEnd + 4, end), end) });
    at = end + delimiter.length;
  }
}

function after(body: Buffer, delimiter: Buffer, from: number): number {
  const found = body.indexOf(delimiter, from);
  if (found < 0) throw damaged("the boundary that its header names", "none");
  return found + delimiter.length;
}

/** The file's name, or else the field's. */
function nameIn(headers: string): string | undefined {
  const line = /^content-disposition:(.*)$/im.exec(headers)?.[1] ?? "";
  const match = /[;\s]filename="([^"]*)"/i.exec(line) ?? /[;\s]name="([^"]*)"/i.exec(line);
  return match?.[1]?.slice(0, 255);
}

function damaged(expected: string, got: string): Error {
  return badRequest("multipart body", expected, got);
}
