/**
 * An object store in memory that speaks as much S3 as the program asks of one. It checks signatures by the published formulas alone (AWS Signature
 * Version 4), counts requests, and does wrong on demand.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the store understands it. */
export interface AskedObject {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  /** How many came before it. */
  readonly before: number;
}

/** Answers in the store's place; false where it should answer itself. */
export type Misbehaviour = (asked: AskedObject, response: ServerResponse, request: IncomingMessage) => boolean;

export interface StoreServer {
  readonly url: string;
  /** What a program's environment takes to ask this store. */
  readonly environment: Readonly<Record<string, string>>;
  /** Objects by `BUCKET/KEY`. */
  readonly objects: Map<string, Buffer>;
  /** Requests by kind: `GET`, `HEAD`, `PUT`, `DELETE`, `LIST`. */
  readonly counts: Record<string, number>;
  misbehave: Misbehaviour | undefined;
  close(): Promise<void>;
}

const credentials = {
  keyId: "AKIDEXAMPLE0000",
  secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  token: "SESSION+TOKEN/0==",
};

/** Starts a store that listens on this machine only. `token` asks for a session's token, too. */
export async function startStore({ region = "us-east-1", token = false } = {}): Promise<StoreServer> {
  const objects = new Map<string, Buffer>();
  const counts: Record<string, number> = {};
  let before = 0;
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts);
    const [path = "", search = ""] = request.url!.split("?");
    const [bucket = "", ...rest] = path.slice(1).split("/").map(decodeURIComponent);
    const key = rest.join("/");
    const query = new URLSearchParams(search);
    const asked: AskedObject = { method: request.method!, bucket, key, query, before: before++ };
    const kind = asked.method === "GET" && key === "" ? "LIST" : asked.method;
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (store.misbehave?.(asked, response, request)) return;
    const problem = signatureProblem(request, path, search, body, { region, token });
    if (problem) return sendError(response, 403, problem);
    if (![...objects.keys()].some((name) => name.startsWith(`${bucket}/`)) && asked.method !== "PUT") {
      return sendError(response, 404, "NoSuchBucket");
    }
    if (kind === "LIST") return sendListing(response, objects, bucket, query);
    answerObject(request, response, objects, `${bucket}/${key}`, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const store: StoreServer = {
    url,
    environment: {
      AWS_ACCESS_KEY_ID: credentials.keyId,
      AWS_SECRET_ACCESS_KEY: credentials.secret,
      AWS_SESSION_TOKEN: token ? credentials.token : "",
      AWS_REGION: region,
      AWS_ENDPOINT_URL: url,
    },
    objects,
    counts,
    misbehave: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return store;
}

function answerObject(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  objects: Map<string, Buffer>,
  name: string,
  body: Buffer,
): void {
  const content = objects.get(name);
  if (method === "DELETE") {
    objects.delete(name);
    response.writeHead(204).end();
  } else if (method === "PUT") {
    objects.set(name, body);
    response.writeHead(200, { etag: tagOf(body) }).end();
  } else if (method === "HEAD") {
    const changed = { etag: '"1"', "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT" };
    response.writeHead(content ? 200 : 404, content && { ...changed, "content-length": content.length }).end();
  } else if (!content) sendError(response, 404, "NoSuchKey");
  else if (headers["if-match"] !== undefined && headers["if-match"] !== tagOf(content)) {
    sendError(response, 412, "PreconditionFailed");
  } else {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    if (first === undefined) {
      response.writeHead(200, { etag: tagOf(content), "content-length": content.length }).end(content);
      return;
    }
    const [start, end] = [Number(first), Math.min(Number(last), content.length - 1)];
    if (start >= content.length) sendError(response, 416, "InvalidRange");
    else {
      const part = content.subarray(start, end + 1);
      const range = `bytes ${start}-${end}/${content.length}`;
      const headers = { etag: tagOf(content), "content-length": part.length, "content-range": range };
      response.writeHead(206, headers).end(part);
    }
  }
}

function tagOf(content: Buffer): string {
  return `"${createHash("md5").update(content).digest("hex")}"`;
}

/** Answers as S3 does when something is wrong, with more in it than a client should repeat. */
export function sendError(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void {
  const secrets = `<AWSAccessKeyId>${credentials.keyId}</AWSAccessKeyId><StringToSign>${credentials.secret}</StringToSign>`;
  response
    .writeHead(status, { "content-type": "application/xml", ...headers })
    .end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>no</Message>${secrets}</Error>`);
}

function sendListing(
  response: ServerResponse,
  objects: ReadonlyMap<string, Buffer>,
  bucket: string,
  query: URLSearchParams,
): void {
  const prefix = query.get("prefix") ?? "";
  const most = Math.min(1000, Number(query.get("max-keys") ?? 1000));
  const after = query.get("continuation-token");
  const isFlat = query.get("delimiter") === "/";
  const keys = [...objects.keys()]
    .filter((name) => name.startsWith(`${bucket}/${prefix}`))
    .map((name) => name.slice(bucket.length + 1))
    .filter((key) => !isFlat || !key.slice(prefix.length).includes("/"))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .filter((key) => after === null || Buffer.compare(Buffer.from(key), Buffer.from(after, "base64")) > 0);
  const page = keys.slice(0, most);
  const isCut = keys.length > page.length;
  response.writeHead(200, { "content-type": "application/xml" }).end(
    listingOf(
      page.map((key) => ({ key, size: objects.get(`${bucket}/${key}`)!.length })),
      isCut ? Buffer.from(page.at(-1)!).toString("base64") : undefined,
    ),
  );
}

/** A listing as S3 writes it, its keys encoded. */
export function listingOf(objects: readonly { readonly key: string; readonly size: number }[], next?: string): string {
  const contents = objects.map(
    ({ key, size }) =>
      `<Contents><Key>${encodeURIComponent(key).replaceAll("%20", "+")}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>` +
      `<ETag>&quot;0&quot;</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const end =
    next === undefined
      ? "<IsTruncated>false</IsTruncated>"
      : `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>${end}${contents.join("")}</ListBucketResult>`;
}

/** The store's name of what is wrong with a signature; undefined where it is right. */
function signatureProblem(
  { method, headers }: IncomingMessage,
  path: string,
  search: string,
  body: Buffer,
  { region, token }: { readonly region: string; readonly token: boolean },
): string | undefined {
  const [, keyId, day, signedRegion, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    ) ?? [];
  if (!signature || keyId !== credentials.keyId) return "InvalidAccessKeyId";
  if (signedRegion !== region) return "AuthorizationHeaderMalformed";
  if ((headers["x-amz-security-token"] ?? "") !== (token ? credentials.token : "")) return "InvalidToken";
  const signed = names!.split(";");
  const own = Object.keys(headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  if (own.some((name) => !signed.includes(name))) return "AccessDenied";
  const time = String(headers["x-amz-date"]);
  const moment = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!time.startsWith(day!) || !(Math.abs(moment - Date.now()) < 900_000)) return "RequestTimeTooSkewed";
  const sum = createHash("sha256").update(body).digest("hex");
  if (headers["x-amz-content-sha256"] !== sum) return "XAmzContentSHA256Mismatch";
  // What S3 does: the path decoded, then each sign encoded but the unreserved ones.
  const plain = path
    .split("/")
    .map((part) => encode(decodeURIComponent(part)))
    .join("/");
  const queries =
    search === ""
      ? []
      : search.split("&").map((pair) => pair.split("=").map((part) => encode(decodeURIComponent(part))));
  const sorted = queries.map(([name, value = ""]) => `${name}=${value}`).sort();
  const lines = signed.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, " ")}\n`);
  const canonical = [method, plain, sorted.join("&"), lines.join(""), names, sum].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const hmac = (key: string | Buffer, of: string): Buffer => createHmac("sha256", key).update(of).digest();
  const keyOf = [day!, region, "s3", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${credentials.secret}`);
  const right = createHmac("sha256", keyOf).update(text).digest();
  return timingSafeEqual(right, Buffer.from(signature, "hex")) ? undefined : "SignatureDoesNotMatch";
}

function encode(text: string): string {
  const signs = [...Buffer.from(text)].map((byte) => {
    const sign = String.fromCharCode(byte);
    return /[A-Za-z0-9._~-]/.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return signs.join("");
}
