/** Where Prometheus asks a worker: one address, one page. */
import type { JobMetrics } from "./metrics.ts";

/** A server that answers. */
export interface MetricsServer {
  /** Such as `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Seconds for a request and its answer, and callers at a time. */
const [longest, mostCallers] = [15, 16];

/** Answers at an address. Throws RunError where that is taken. What it tells are numbers, the ids of jobs and kinds of errors: no names of images. */
export async function serveMetrics(
  metrics: JobMetrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  // Of the service, whose parts take a moment to load.
  const { asRefusal, checkHost, makeHttpServer, securityHeaders } = await import("../service/index.ts");
  const answer = (status: number, text: string, type = "text/plain; charset=utf-8"): Response =>
    new Response(text, { status, headers: { ...securityHeaders, "content-type": type } });
  const server = makeHttpServer({
    timeout: longest,
    waiting: mostCallers,
    tls: undefined,
    async fetch(request) {
      try {
        checkHost(request.headers.get("host") ?? undefined, { allowHost: [] });
      } catch (error) {
        return answer(asRefusal(error)?.status ?? 500, "call it by an address or as localhost\n");
      }
      if (new URL(request.url).pathname !== "/metrics") return answer(404, "see /metrics\n");
      if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "GET only\n");
      return answer(200, await metrics.text(), metrics.contentType);
    },
  });
  const base = await server.listen(host, port);
  return { url: `${base}/metrics`, close: () => server.close() };
}
