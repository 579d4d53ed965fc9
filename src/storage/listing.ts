/** What lies in a bucket, page by page (ListObjectsV2): a listing of any length, of which memory holds a page. */
import { messageOf, type RunError } from "../base/index.ts";
import { showAddress } from "./addresses.ts";
import type { Sender } from "./requests.ts";
import { encodePart } from "./settings.ts";
import { notAllowed, wrongAnswer } from "./store-faults.ts";
import { parseXml, textIn, type XmlElement } from "./xml.ts";

/** An object as a listing tells of it. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  /** ms since 1970; zero where it is not told. */
  readonly changed: number;
}

/** What is listed. */
export interface ListRequest {
  readonly bucket: string;
  /** Keys begin so. */
  readonly prefix: string;
  /** Without what lies in folders below the prefix. */
  readonly flat?: boolean;
  /** Keys of a page; a store may give fewer. Default: 1000, which is the most that S3 gives. */
  readonly page?: number;
}

/** A page of 1000 keys of 1024 bytes, each written as three signs, and what is told of them. */
const longestPage = 1 << 23;

/** Pages without a key, one after another: S3 gives some where much was deleted. */
const mostEmptyPages = 100;

/** The objects of a bucket, a page at a time, in the store's order. Throws as a `Sender`, and RunError for an answer that is no listing, or goes round. */
export async function* listObjects(
  send: Sender,
  { bucket, prefix, flat = false, page = 1000 }: ListRequest,
): AsyncGenerator<readonly ListedObject[]> {
  const subject = `'${showAddress({ bucket, key: prefix })}'`;
  const refuse = (got: string): RunError => wrongAnswer(subject, "a listing of an object store", got);
  let token: string | undefined;
  let last: string | undefined;
  let empty = 0;
  for (;;) {
    const query = [
      ...(token === undefined ? [] : [["continuation-token", token]]),
      ...(flat ? [["delimiter", "/"]] : []),
      ["encoding-type", "url"],
      ["list-type", "2"],
      ["max-keys", String(page)],
      ["prefix", prefix],
    ];
    const answer = await send({
      method: "GET",
      bucket,
      key: "",
      query: query.map(([name, value]) => `${name}=${encodePart(value!)}`).join("&"),
      most: longestPage,
    }).catch((error: unknown) => {
      throw error instanceof Error && error.name === "Error" ? refuse(messageOf(error)) : error;
    });
    if (answer.status === 403) throw notAllowed(subject);
    if (answer.status >= 300) throw refuse(`HTTP ${answer.status}`);
    const root = parseXml(decode(answer.bytes) ?? "");
    if (root?.name !== "ListBucketResult") throw refuse(root ? `'${root.name}'` : "what is no XML that a store writes");
    const isEncoded = textIn(root, "EncodingType") === "url";
    const objects = root.children.filter(({ name }) => name === "Contents").map((one) => readObject(one, isEncoded));
    for (const object of objects) {
      if (!object?.key.startsWith(prefix))
        throw refuse(object ? `a key that does not begin with '${prefix}'` : "an object without key or size");
      if (last !== undefined && !isLater(object.key, last)) throw refuse("one that goes back to where it was");
      last = object.key;
    }
    empty = objects.length === 0 ? empty + 1 : 0;
    yield objects as ListedObject[];
    if (textIn(root, "IsTruncated") !== "true") return;
    const next = textIn(root, "NextContinuationToken");
    if (!next) throw refuse("a part without a way to the next");
    if (next === token || empty > mostEmptyPages) throw refuse("one without an end");
    token = next;
  }
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function readObject(element: XmlElement, isEncoded: boolean): ListedObject | undefined {
  const written = textIn(element, "Key");
  const size = textIn(element, "Size");
  const key = written !== undefined && isEncoded ? decodeKey(written) : written;
  const bytes = size !== undefined && /^\d{1,15}$/.test(size) ? Number(size) : undefined;
  if (!key || bytes === undefined) return undefined;
  return { key, bytes, changed: Date.parse(textIn(element, "LastModified") ?? "") || 0 };
}

/** Keys come as parts of addresses do, spaces as `+`. */
function decodeKey(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** Whether a key comes after another in the order of bytes, which is S3's, or in that of UTF-16. */
function isLater(key: string, before: string): boolean {
  return key > before || Buffer.compare(Buffer.from(key), Buffer.from(before)) > 0;
}
