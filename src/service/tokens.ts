/** Access tokens: who may do what. They are compared in constant time and never said again. */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { ConfigError, messageOf, setting } from "../base/index.ts";

/** What a token may be for. */
export const scopes = ["read", "score", "admin"] as const;
/** One of them. */
export type Scope = (typeof scopes)[number];

const leastLength = 16;

const fileSchema = z
  .array(
    z.strictObject({
      /** Who has it: stands in the log. */
      name: z.string().regex(/^[\w.-]{1,64}$/),
      token: z
        .string()
        .regex(/^[\x21-\x7e]+$/)
        .min(leastLength)
        .max(1024),
      scopes: z.array(z.enum(scopes)).min(1),
    }),
  )
  .min(1);

/** The caller that a token belongs to. */
export interface Caller {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** Finds a token's owner; undefined for a token that nobody has. */
export type TokenBook = (token: string) => Caller | undefined;

/** Reads a file of tokens, a JSON list of `{ name, token, scopes }`. Throws ConfigError, which says nothing of what is in it. */
export async function readTokenFile(path: string): Promise<TokenBook> {
  const subject = setting("tokenFile");
  let entries: z.infer<typeof fileSchema>;
  try {
    if (!(await stat(path)).isFile()) throw new ConfigError("not a file");
    entries = fileSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    const expected = `a JSON list of { "name", "token" of ${leastLength} characters or more, "scopes" of ${scopes.join(", ")} }`;
    const isSystem = error instanceof Error && "code" in error;
    const got = isSystem ? messageOf(error) : `other content in '${path}'`;
    throw new ConfigError({ code: isSystem ? "unreadable" : "damaged", subject, expected, got });
  }
  return tokenBook(entries);
}

/** The tokens of some callers. */
function tokenBook(entries: readonly (Caller & { readonly token: string })[]): TokenBook {
  const known = entries.map(({ token, ...caller }) => ({ caller, digest: digestOf(token) }));
  return (token) => {
    const digest = digestOf(token);
    let found: Caller | undefined;
    // All are compared, whichever fits: the time tells nothing.
    for (const one of known) if (timingSafeEqual(one.digest, digest)) found = one.caller;
    return found;
  };
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
