/** Runs: how they stand, their logs as they grow, and what can be asked of them. */
import { readFile } from "node:fs/promises";
import { notFound } from "../../service/index.ts";
import type { ApiTypes } from "../routes/routes.ts";
import { readLines } from "../runs/event-log.ts";
import type { Run } from "../runs/runs.ts";
import { eventStream, makeWaiter } from "./event-stream.ts";
import type { Handlers, StudioParts } from "./requests.ts";

export const runHandlers: Pick<Handlers, "run" | "runEvents" | "runPicture" | "stopRun" | "resumeRun" | "forgetRun"> = {
  run: ({ parts: { run } }, parts) => describeRun(parts.runs.find(run!), parts),
  runEvents({ request, parts: { run } }, { runs, closing }) {
    const { id } = runs.find(run!);
    const last = request.headers.get("last-event-id") ?? new URL(request.url).searchParams.get("after") ?? "0";
    return eventStream(closing, async (send, gone) => {
      const next = makeWaiter((listener) => runs.follow(id, listener), gone);
      let from = /^\d{1,15}$/.test(last) ? Number(last) : 0;
      let state: string | undefined;
      while (!gone.aborted) {
        const part = await readLines(runs.logOf(id), from);
        from = part.next;
        for (const line of part.lines) send({ id: line.id, data: line.line });
        if (part.more) continue;
        const now = runs.find(id).state;
        if (now !== state) send({ name: "state", data: now });
        state = now;
        await next();
      }
    });
  },
  async runPicture({ parts: { run, picture } }, { runs }) {
    const { id } = runs.find(run!);
    if (!/^[\w-]{1,60}\.png$/.test(picture!))
      throw notFound("picture", "the name of one that the run has drawn", "another");
    const bytes = await readFile(runs.pictureOf(id, picture!)).catch(() => undefined);
    if (!bytes) throw notFound("picture", "one that the run has drawn", "none");
    return new Response(new Uint8Array(bytes), { headers: { "content-type": "image/png" } });
  },
  stopRun: async ({ parts: { run } }, parts) => describeRun(await parts.runs.stop(run!), parts),
  resumeRun: async ({ parts: { run } }, parts) => describeRun(await parts.runs.resume(run!), parts),
  async forgetRun({ parts: { run } }, { runs }) {
    await runs.forget(run!);
    return { done: true };
  },
};

/** A run as pages are told of it. */
export async function describeRun(
  { id, kind, name, state, created, command, summary, out }: Run,
  { detectors }: StudioParts,
): Promise<ApiTypes["run"]["answer"]> {
  const detector = state === "finished" && kind !== "inspect" ? ((await detectors.idOf(out)) ?? null) : null;
  return { id, kind, name, state, created, command, detector, summary };
}
