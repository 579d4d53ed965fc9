/** A process that scores parts of a shard which has ended others, and is ended by the image that did so. */
import { messageOf } from "../base/index.ts";
import { openDetector } from "../workflow/index.ts";
import { openJob } from "./job-files.ts";
import type { PartAnswer, PartRequest } from "./poisoned-shards.ts";
import { openShard, type Part, scorePart } from "./shard-scoring.ts";

const { folder, shard: place, models, engine } = JSON.parse(process.argv[2]!) as PartRequest;
const say = (answer: PartAnswer): void => void process.send?.(answer);
process.on("disconnect", () => process.exit());

try {
  const job = await openJob(folder);
  const shard = job.shards[place]!;
  const detector = await openDetector(models, engine);
  const source = await openShard(job, shard, new Map());
  process.on("message", (part: Part) => {
    scorePart(detector, job, shard, source, part).then(
      (rows) => say({ kind: "rows", rows }),
      (error: unknown) => say({ kind: "failed", message: messageOf(error) }),
    );
  });
  say({ kind: "ready" });
} catch (error) {
  say({ kind: "failed", message: messageOf(error) });
}
