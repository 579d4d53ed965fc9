/** What a service proves itself by and what callers prove themselves by: certificate, key and tokens, from files that may be read anew. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ConfigError, messageOf, setting } from "../base/index.ts";
import { type AccessRules, isLoopback } from "./access.ts";
import type { ServiceRequest } from "./settings.ts";
import { readTokenFile, type TokenBook } from "./tokens.ts";

/** A certificate, with those that vouch for it, and its key, as PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** What the files hold now. */
export interface Credentials {
  /** Follow the files that were read last. */
  readonly rules: AccessRules;
  /** Undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /** When the certificate ends, as it says. */
  readonly certificateEnds: string | undefined;
  /** Reads all files again. Throws ConfigError where one is not what it should be; then all stays as it was. */
  reload(): Promise<void>;
}

type CredentialSettings = Pick<
  ServiceRequest,
  "host" | "tokenFile" | "tlsCert" | "tlsKey" | "allowHost" | "allowOrigin"
>;

/** Reads the files. Throws ConfigError for one that is not what it should be, or that is missing. */
export async function openCredentials(settings: CredentialSettings): Promise<Credentials> {
  let now = await readAll(settings);
  const { allowOrigin } = settings;
  const allowHost = settings.allowHost.map((name) => name.toLowerCase());
  const secure = now.tls !== undefined;
  return {
    rules: {
      ...{ allowHost, allowOrigin, secure },
      get tokens() {
        return now.tokens;
      },
    },
    get tls() {
      return now.tls;
    },
    get certificateEnds() {
      return now.tls && new X509Certificate(now.tls.cert).validTo;
    },
    async reload() {
      now = await readAll(settings);
    },
  };
}

async function readAll({ host, tokenFile, tlsCert, tlsKey }: CredentialSettings): Promise<{
  readonly tokens: TokenBook | undefined;
  readonly tls: TlsFiles | undefined;
}> {
  if (tokenFile === undefined && !isLoopback(host)) {
    throw missing("host", "tokenFile", `${setting("tokenFile")} at an address that others can reach`, host);
  }
  if (tlsCert !== undefined && tlsKey === undefined) throw missing("tlsCert", "tlsKey", "a key with it", tlsCert);
  if (tlsKey !== undefined && tlsCert === undefined) throw missing("tlsKey", "tlsCert", "a certificate", tlsKey);
  const tokens = tokenFile === undefined ? undefined : await readTokenFile(tokenFile);
  const tls = tlsCert === undefined || tlsKey === undefined ? undefined : await readTls(tlsCert, tlsKey);
  return { tokens, tls };
}

async function readTls(certificate: string, keyFile: string): Promise<TlsFiles> {
  const cert = await readText("tlsCert", certificate);
  const key = await readText("tlsKey", keyFile);
  check("tlsCert", "a certificate as PEM", () => new X509Certificate(cert));
  check("tlsKey", `the key of ${setting("tlsCert")} as PEM, without a passphrase`, () =>
    createSecureContext({ cert, key }),
  );
  return { cert, key };
}

async function readText(name: "tlsCert" | "tlsKey", path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const got = messageOf(error);
    throw new ConfigError({ code: "unreadable", subject: setting(name), expected: "a file", got });
  }
}

function check(name: "tlsCert" | "tlsKey", expected: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    throw new ConfigError({ code: "damaged", subject: setting(name), expected, got: messageOf(error) });
  }
}

function missing(given: string, other: string, expected: string, value: string): ConfigError {
  return new ConfigError({
    code: "missing-setting",
    subject: setting(given),
    expected,
    got: `${value} without one`,
    remedy: { key: "give-setting", setting: setting(other) },
  });
}
