/**
 * Which object store is meant and who asks: from the environment alone, by the names that the programs of AWS read, so that no address, flag or
 * record ever holds a secret.
 */
import { ConfigError } from "../base/index.ts";

/** A store and who asks it. Holds secrets: it goes into no message and no record. */
export interface StoreSettings {
  /** Of a store that is not AWS's own; buckets are the first part of its paths. */
  readonly endpoint: URL | undefined;
  readonly region: string;
  readonly keyId: string;
  readonly secret: string;
  readonly token: string | undefined;
}

/** Variables of an environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The region of stores that know none, and of AWS where nothing is said. */
const usualRegion = "us-east-1";

/** Reads the settings. Throws ConfigError where there are no credentials and for what is no endpoint or region; `subject` begins the message. */
export function storeSettings(subject: string, environment: Environment = process.env): StoreSettings {
  const { AWS_ACCESS_KEY_ID: keyId, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = environment;
  if (!keyId || !secret) {
    throw new ConfigError({
      code: "missing-setting",
      subject,
      expected: "credentials in the environment",
      got: keyId || secret ? "one of two" : "none",
      remedy: {
        key: "other",
        text: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_REGION, and AWS_ENDPOINT_URL for another store than AWS's",
      },
    });
  }
  for (const [name, value] of Object.entries({
    AWS_ACCESS_KEY_ID: keyId,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_SESSION_TOKEN: token,
  })) {
    // Not shown: it may be most of a secret.
    if (value && !/^[\x21-\x7e]+$/.test(value)) throw wrong(subject, `letters, digits and signs in ${name}`, "others");
  }
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || usualRegion;
  if (!/^[a-z0-9-]{1,64}$/.test(region))
    throw wrong(subject, "a region such as eu-central-1 in AWS_REGION", `'${region}'`);
  return { endpoint: readEndpoint(subject, environment), region, keyId, secret, token: token || undefined };
}

function readEndpoint(subject: string, environment: Environment): URL | undefined {
  const name = environment.AWS_ENDPOINT_URL_S3 ? "AWS_ENDPOINT_URL_S3" : "AWS_ENDPOINT_URL";
  const text = environment[name];
  if (!text) return undefined;
  const expected = `an address such as https://storage.example.com in ${name}`;
  // Text that is no address may be a secret in the wrong place.
  if (!URL.canParse(text)) throw wrong(subject, expected, "something else");
  const url = new URL(text);
  if (url.username || url.password) throw wrong(subject, expected, "one with a user or a password");
  if (!/^https?:$/.test(url.protocol)) throw wrong(subject, expected, `one that begins with '${url.protocol}'`);
  if (url.search || url.hash) throw wrong(subject, expected, "one with '?' or '#'");
  return url;
}

function wrong(subject: string, expected: string, got: string): ConfigError {
  return new ConfigError({ code: "out-of-range", subject, expected, got });
}

/** Where a key of a bucket is asked for. */
export function urlOf({ endpoint, region }: StoreSettings, bucket: string, key: string, query: string): URL {
  const path = key.split("/").map(encodePart).join("/");
  const rest = query === "" ? "" : `?${query}`;
  // Some stores sign the address of a bucket as it is without a slash at its end.
  const inPath = key === "" ? `/${bucket}${rest}` : `/${bucket}/${path}${rest}`;
  if (endpoint) return new URL(`${endpoint.origin}${endpoint.pathname.replace(/\/+$/, "")}${inPath}`);
  const host = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  // A certificate for all buckets is for names without dots.
  const isName = /^[a-z0-9-]+$/.test(bucket);
  return new URL(isName ? `https://${bucket}.${host}/${path}${rest}` : `https://${host}${inPath}`);
}

/** Percent-encoding as signatures want it (RFC 3986). */
export function encodePart(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
