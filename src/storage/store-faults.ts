/** What object stores refuse, and what a person can do about it. Of a store's own words only the name of the fault comes into a message. */
import { ConfigError, RunError } from "../base/index.ts";
import type { StoreAnswer } from "./requests.ts";
import type { StoreSettings } from "./settings.ts";

/** The error for an answer that no further asking changes. */
export function refused(subject: string, { status, code, headers }: StoreAnswer, settings: StoreSettings): Error {
  const got = `HTTP ${status}${code ? ` (${code})` : ""}`;
  const region = headers["x-amz-bucket-region"];
  const elsewhere = typeof region === "string" && /^[a-z0-9-]{1,64}$/.test(region) && region !== settings.region;
  if (elsewhere || code === "AuthorizationHeaderMalformed" || code === "PermanentRedirect") {
    return new ConfigError({
      code: "conflicting-settings",
      subject,
      expected: `a bucket in the region ${settings.region}`,
      got: elsewhere ? `one in ${region}` : `one elsewhere (${code})`,
      remedy: { key: "other", text: elsewhere ? `set AWS_REGION=${region}` : "set AWS_REGION to the bucket's region" },
    });
  }
  if (status >= 300 && status < 400) {
    const remedy = {
      key: "other",
      text: "none is followed: set AWS_ENDPOINT_URL or AWS_REGION to where the bucket is",
    } as const;
    return new ConfigError({
      code: "not-allowed",
      subject,
      expected: "an answer",
      got: `a redirection, ${got}`,
      remedy,
    });
  }
  if (code === "NoSuchBucket") {
    return new ConfigError({ code: "not-found", subject, expected: "a bucket that is there", got });
  }
  const secret = secretProblems[code ?? ""];
  if (secret || status === 401 || status === 403) {
    return new ConfigError({
      code: "not-allowed",
      subject,
      expected: secret?.[0] ?? "credentials that allow this",
      got,
      ...(secret ? { remedy: { key: "other", text: secret[1] } } : {}),
    });
  }
  return wrongAnswer(subject, "an answer of an object store", got);
}

/** What is wrong with credentials, by the store's name for it, and the way out. */
const secretProblems: Readonly<Record<string, readonly [expected: string, wayOut: string]>> = {
  InvalidAccessKeyId: ["credentials that the store knows", "check AWS_ACCESS_KEY_ID and the endpoint"],
  SignatureDoesNotMatch: ["a secret that belongs to the key", "check AWS_SECRET_ACCESS_KEY"],
  ExpiredToken: ["credentials that are still good", "get new ones"],
  TokenRefreshRequired: ["credentials that are still good", "get new ones"],
  InvalidToken: ["a session token that the store knows", "check AWS_SESSION_TOKEN"],
  RequestTimeTooSkewed: ["a clock that agrees with the store's", "set the clock of this machine"],
};

/** The error for an object that may not be read or written. */
export function notAllowed(subject: string): ConfigError {
  return new ConfigError({
    code: "not-allowed",
    subject,
    expected: "credentials that allow this",
    got: "HTTP 403 (AccessDenied)",
    remedy: { key: "other", text: "listing takes s3:ListBucket, reading s3:GetObject, writing s3:PutObject" },
  });
}

/** The error for what is no answer of a store. */
export function wrongAnswer(subject: string, expected: string, got: string): RunError {
  const remedy = { key: "other", text: "check AWS_ENDPOINT_URL" } as const;
  return new RunError({ code: "unsupported", subject, expected, got, remedy });
}

/** The error for a store that does not answer, however often it is asked. */
export function noAnswer(subject: string, failure: string, attempts: number): RunError {
  return new RunError({
    code: "unreadable",
    subject,
    expected: "an object store that answers",
    got: attempts === 1 ? failure : `${failure}, ${attempts} times`,
    remedy: { key: "other", text: "check the network and AWS_ENDPOINT_URL, or try again later" },
  });
}
