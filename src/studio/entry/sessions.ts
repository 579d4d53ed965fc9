/**
 * Who may use the studio: whoever has the address that was printed. Its token is good once, and is exchanged for a cookie that no script
 * and no other site can read or send. Only digests are kept, so that open pages go on after the studio was started again.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeFileAtomic } from "../../data/index.ts";

/** The keys of a studio. */
export interface Sessions {
  /** A token that opens a session, once. */
  issue(): string;
  /** Exchanges a token for the value of a cookie; undefined where the token is not known or was used. */
  redeem(token: string): Promise<string | undefined>;
  /** Whether a cookie's value is one of a session. */
  isOpen(value: string): boolean;
}

/** Sessions that are kept; the oldest make room. */
const mostSessions = 32;

const fileSchema = z.strictObject({ version: z.literal(1), digests: z.array(z.string().regex(/^[0-9a-f]{64}$/)) });

/** Opens the sessions that a file keeps. One that cannot be read opens none: whoever has the new address may come in. */
export async function openSessions(path: string): Promise<Sessions> {
  const kept = fileSchema.safeParse(
    await readFile(path, "utf8")
      .then(JSON.parse)
      .catch(() => undefined),
  );
  let digests = kept.success ? kept.data.digests : [];
  const tokens = new Set<string>();
  return {
    issue() {
      const token = randomBytes(24).toString("base64url");
      tokens.add(digestOf(token));
      return token;
    },
    async redeem(token) {
      if (!tokens.delete(digestOf(token))) return undefined;
      const value = randomBytes(32).toString("base64url");
      digests = [...digests, digestOf(value)].slice(-mostSessions);
      await writeFileAtomic(path, `${JSON.stringify({ version: 1, digests })}\n`);
      return value;
    },
    isOpen(value) {
      const digest = Buffer.from(digestOf(value));
      let open = false;
      // All are compared, whichever fits: the time tells nothing.
      for (const one of digests) if (timingSafeEqual(Buffer.from(one), digest)) open = true;
      return open;
    },
  };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
