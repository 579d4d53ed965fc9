/**
 * Requests to an object store: signed (AWS Signature Version 4), repeated a bounded number of times where that may help, their answers as long as they
 * are said to be. No redirection is followed: where a store is, the environment says.
 */
import { createHash } from "node:crypto";
import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as requestPlain } from "node:http";
import { request as requestSecure, Agent as SecureAgent } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { messageOf } from "../base/index.ts";
import { showAddress } from "./addresses.ts";
import { type StoreSettings, urlOf } from "./settings.ts";
import { noAnswer, refused } from "./store-faults.ts";
import { parseXml, textIn } from "./xml.ts";

/** What is asked. */
export interface StoreRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  readonly bucket: string;
  readonly key: string;
  /** Encoded, without `?`. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Bytes of an answer at most; more is refused unread. */
  readonly most: number;
}

/** An answer, whole. */
export interface StoreAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly bytes: Buffer;
  /** The store's name of what went wrong, such as `NoSuchKey`. */
  readonly code?: string | undefined;
}

/** How patient a client is. */
export interface Patience {
  /** Milliseconds without a byte after which a connection is given up. Default: half a minute. */
  readonly idle?: number;
  /** How often something is asked for in all. Default: 8 times. */
  readonly attempts?: number;
  /** Milliseconds before it is asked for again, doubled each time, by chance up to a half less. Default: 200. */
  readonly delay?: number;
}

/** Sends requests of one client. Throws ConfigError for what a person has to mend, RunError where no store answers, TooLong. */
export type Sender = (request: StoreRequest) => Promise<StoreAnswer>;

/** Connections at a time; more requests wait. */
const mostConnections = 64;

/** Milliseconds for an answer in all, beside those for its bytes at a slow line's rate: who sends a byte now and then keeps nobody waiting for ever. */
const longestAnswer = 120_000;
const leastBytesPerMs = 32;
const usualAnswer = 1 << 20;

/** Longer texts of what went wrong are not looked at. */
const longestError = 1 << 16;

/** What may be otherwise the next time. */
const passing = new Set([408, 429, 500, 502, 503, 504, 509]);
/** Of the refusals that come with 400 and 403, those that are about the moment. */
const passingCodes = new Set(["RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "OperationAborted"]);

/** An answer that is longer than it may be. Of one object among many it is what keeps that one from being read. */
class TooLong extends Error {
  override readonly name = "Error";
  constructor(most: number) {
    super(`more than ${most} bytes`);
  }
}

/** What a request came to that may be repeated; `isLasting` where that hardly helps. */
class Interruption extends Error {
  override readonly name = "Interruption";
  readonly isLasting: boolean;
  constructor(message: string, code = "") {
    super(message);
    this.isLasting = /^(ENOTFOUND|CERT_|ERR_TLS|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(code);
  }
}

/** Opens a client. Nothing is asked until something is sent. */
export function openSender(
  settings: StoreSettings,
  { idle = 30_000, attempts = 8, delay = 200 }: Patience = {},
): Sender {
  const agents = { keepAlive: true, maxSockets: mostConnections, scheduling: "lifo" } as const;
  const plain = new PlainAgent(agents);
  const secure = new SecureAgent(agents);
  const keys = new Map<string, ArrayBuffer>();
  const once = async (request: StoreRequest): Promise<StoreAnswer> => {
    const { method, bucket, key, query = "", headers = {}, body, most } = request;
    const signed = await new AwsV4Signer({
      method,
      url: urlOf(settings, bucket, key, query).href,
      headers: {
        ...headers,
        "x-amz-content-sha256": createHash("sha256")
          .update(body ?? "")
          .digest("hex"),
      },
      accessKeyId: settings.keyId,
      secretAccessKey: settings.secret,
      ...(settings.token === undefined ? {} : { sessionToken: settings.token }),
      service: "s3",
      region: settings.region,
      cache: keys,
    }).sign();
    const isSecure = signed.url.protocol === "https:";
    const sent = (isSecure ? requestSecure : requestPlain)(signed.url, {
      method,
      agent: isSecure ? secure : plain,
      timeout: idle,
      headers: {
        ...Object.fromEntries(signed.headers),
        "accept-encoding": "identity",
        "user-agent": "outglow",
        "content-length": body?.length ?? 0,
      },
    });
    return receive(sent, { body, most, isEmpty: method === "HEAD" }, idle);
  };
  return async (request) => {
    const subject = `'${showAddress(request)}'`;
    for (let attempt = 1; ; attempt++) {
      let failure: string;
      try {
        const answer = await once(request);
        if (answer.status < 300) return answer;
        const isPassing = passing.has(answer.status) || passingCodes.has(answer.code ?? "");
        if (!isPassing) {
          if (isSaid(answer)) return answer;
          throw refused(subject, answer, settings);
        }
        failure = `HTTP ${answer.status}${answer.code ? ` (${answer.code})` : ""}`;
      } catch (error) {
        if (!(error instanceof Interruption)) throw error;
        failure = error.message;
        if (error.isLasting) throw noAnswer(subject, failure, attempt);
      }
      if (attempt >= attempts) throw noAnswer(subject, failure, attempt);
      await pause(delay * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  };
}

/** What is an answer about one object, not about the store: it is not there, not allowed, not the one that was meant, or shorter. */
function isSaid({ status, code }: StoreAnswer): boolean {
  if (status === 403) return code === "AccessDenied";
  return status === 412 || status === 416 || (status === 404 && code === "NoSuchKey");
}

/** What is known of an answer before it comes. */
interface Expected {
  readonly body: Uint8Array | undefined;
  readonly most: number;
  /** Whether it has no content, whatever it says of its length. */
  readonly isEmpty: boolean;
}

function receive(sent: ClientRequest, { body, most, isEmpty }: Expected, idle: number): Promise<StoreAnswer> {
  return new Promise((resolve, reject) => {
    let deadline = setTimeout(() => late(), longestAnswer + (body?.length ?? 0) / leastBytesPerMs);
    const fail = (error: Error): void => {
      clearTimeout(deadline);
      reject(error);
      sent.destroy();
    };
    const late = (): void => fail(new Interruption("an answer that takes too long"));
    sent.once("timeout", () => fail(new Interruption(`no byte for ${idle / 1000} seconds`)));
    sent.once("error", (error: NodeJS.ErrnoException) => fail(new Interruption(messageOf(error), error.code)));
    sent.once("response", (answer) => {
      const { statusCode: status = 0, headers } = answer;
      const isError = status >= 300;
      const told = headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);
      const room = isError ? longestError : most;
      if (!isEmpty && told !== undefined && told > room && !isError) return fail(new TooLong(room));
      clearTimeout(deadline);
      deadline = setTimeout(late, longestAnswer + (told ?? usualAnswer) / leastBytesPerMs);
      const parts: Buffer[] = [];
      let length = 0;
      answer.on("data", (part: Buffer) => {
        length += part.length;
        if (length <= room) parts.push(part);
        else if (!isError) fail(new TooLong(room));
      });
      answer.once("error", (error) => fail(new Interruption(`an answer that ends early (${messageOf(error)})`)));
      answer.once("end", () => {
        if (!answer.complete || (!isEmpty && told !== undefined && length !== told)) {
          return fail(new Interruption(`an end after ${length} of ${told ?? "all"} bytes`));
        }
        clearTimeout(deadline);
        const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
        resolve({ status, headers, bytes, ...(isError ? { code: codeOf(status, bytes) } : {}) });
      });
    });
    sent.end(body);
  });
}

/** The name that the store gives to what went wrong. Nothing else of its text is used: it may repeat what was sent. */
function codeOf(status: number, bytes: Buffer): string | undefined {
  const root = parseXml(bytes.toString("utf8"));
  const code = root?.name === "Error" ? textIn(root, "Code") : undefined;
  if (code && /^[A-Za-z0-9.]{1,64}$/.test(code)) return code;
  // To a question about the headers alone no store says more.
  return bytes.length > 0 ? undefined : status === 404 ? "NoSuchKey" : status === 403 ? "AccessDenied" : undefined;
}
