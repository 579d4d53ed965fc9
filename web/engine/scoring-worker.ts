/** The worker that scores: one detector, from its opening until the page ends it. */
import { internalError } from "../../src/base/index.ts";
import { answerCalls } from "./calls.ts";
import type { ScoringCall } from "./messages.ts";
import { openPageDetector, type PageDetector } from "./page-detector.ts";

let detector: PageDetector | undefined;

answerCalls<ScoringCall>(async (call, onEvent) => {
  if (call.call === "open") {
    detector = await openPageDetector(call.engine, call.detector, onEvent);
    return detector.opened;
  }
  if (detector === undefined) throw internalError("a worker was asked to score before it had opened a detector");
  return call.call === "score" ? detector.score(call.files, call.wish) : detector.scoreFrames(call.frames, call.wish);
});
