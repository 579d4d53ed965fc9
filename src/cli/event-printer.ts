/** Draws the events of a piece of work on a command's console. */
import { flagOf, writeSettings } from "../base/index.ts";
import type { WorkflowEvent } from "../workflow/index.ts";
import { type Console, progressBar } from "./console.ts";
import { trainingProgress } from "./training-progress.ts";

/** Prints every event as a line, progress as one that replaces itself. */
export function eventPrinter(output: Console): (event: WorkflowEvent) => void {
  const training = trainingProgress(output);
  return (event) => {
    switch (event.kind) {
      case "progress": {
        if (event.task === "drawing") {
          output.live(`${progressBar(event.done / event.total)} ${event.done} of ${event.total} ${event.subject}`);
          return;
        }
        const speed = event.imagesPerSecond === undefined ? "" : `  ${event.imagesPerSecond.toFixed(0)} images/s`;
        output.live(`${event.task} ${event.subject}: ${event.done} of ${event.total}${speed}`);
        return;
      }
      case "phase":
        training.start(event);
        return;
      case "step":
        training.step(event.report);
        return;
      case "faults": {
        const share = (event.network - 1 + event.step / event.steps) / event.networks;
        const network = `network ${event.network} of ${event.networks}`;
        output.live(
          `${progressBar(share)} ${network}, step ${event.step}/${event.steps}  loss ${event.loss.toFixed(3)}`,
        );
        return;
      }
      case "cells": {
        const share =
          (event.pair - 1 + ((event.flow === "plain" ? 0 : 1) + event.step / event.steps) / 2) / event.pairs;
        const pair = `flows ${event.pair} of ${event.pairs}`;
        output.live(
          `${progressBar(share)} ${pair}, ${event.flow} step ${event.step}/${event.steps}  loss ${event.loss.toFixed(3)}`,
        );
        return;
      }
      case "settled":
        output.settle();
        return;
      case "skipped":
        output.problems(event.problems);
        return;
      case "note":
        output.note(writeSettings(event.text, flagOf));
        return;
      case "warning":
        output.warn(writeSettings(event.text, flagOf));
    }
  };
}
