/** The worker that trains: one detector, then the page ends it. */
import { answerCalls } from "./calls.ts";
import type { TrainingCall } from "./messages.ts";
import { trainInPage } from "./page-training.ts";

let over = false;

answerCalls<TrainingCall>(
  (call, onEvent) => trainInPage(call, onEvent, () => over),
  (word) => {
    if (word === "finish") over = true;
  },
);
