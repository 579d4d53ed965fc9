/** A webhook of the person's own: an address that is told news as JSON. The only connection that the program opens, and only where it is asked to. */
import { ConfigError, messageOf, RunError, setting } from "../../base/index.ts";

/** An answer of a webhook that takes longer is none, ms. */
const longestAnswer = 10_000;

/** Throws ConfigError for an address that nothing can be posted to. */
export function checkWebhook(address: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url && ["http:", "https:"].includes(url.protocol)) return;
  throw new ConfigError({
    code: "unsupported",
    subject: setting("webhook"),
    expected: "an address that begins with http:// or https://",
    got: `'${address}'`,
  });
}

/** Posts news. Throws RunError where nobody takes them: they are posted again later. */
export async function postNews(address: string, news: object): Promise<void> {
  const got = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(news),
    redirect: "error",
    signal: AbortSignal.timeout(longestAnswer),
  }).then(
    async (response) => {
      await response.body?.cancel();
      return response.ok ? undefined : `status ${response.status}`;
    },
    (error: unknown) => messageOf(error),
  );
  if (got === undefined) return;
  throw new RunError({ code: "unwritable", subject: setting("webhook"), expected: "an answer that all is well", got });
}
