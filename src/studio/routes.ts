/** What the studio can be asked, as data: addresses with their schemas. The server, its checks and the pages' types come from here. */
import { z } from "zod";
import { type Address, addresses, type RouteName } from "./addresses.ts";
import { lookingRoutes } from "./looking-routes.ts";
import { demoBody, detectorSchema, homeSchema, runSchema } from "./schemas.ts";

/** One route. */
export interface Route extends Address {
  readonly summary: string;
  readonly query?: z.ZodType;
  /** The JSON of a body. */
  readonly body?: z.ZodType;
  /** The JSON of an answer. */
  readonly answer?: z.ZodType;
  /** The content types of answers that are not JSON. */
  readonly files?: readonly string[];
}

/** An answer that says only that it was done. */
const done = z.object({ done: z.literal(true) });

/** Every route. */
export const routes = {
  home: { ...addresses.home, summary: "Detectors and runs", answer: homeSchema },
  news: { ...addresses.news, summary: "Tells when detectors or runs have changed", files: ["text/event-stream"] },
  demo: {
    ...addresses.demo,
    summary: "Make images and train a detector on them: the quickstart",
    body: demoBody,
    answer: runSchema,
  },
  run: { ...addresses.run, summary: "A run", answer: runSchema },
  runEvents: {
    ...addresses.runEvents,
    summary: "The log of a run and what is added to it, from behind Last-Event-ID",
    files: ["text/event-stream"],
  },
  runPicture: { ...addresses.runPicture, summary: "A picture that a run has drawn", files: ["image/png"] },
  stopRun: { ...addresses.stopRun, summary: "Pause a run: what it has reached is saved", answer: runSchema },
  resumeRun: { ...addresses.resumeRun, summary: "Go on with a run that was paused or lost", answer: runSchema },
  forgetRun: { ...addresses.forgetRun, summary: "Forget a run that has ended; its detector stays", answer: done },
  detector: {
    ...addresses.detector,
    summary: "A detector and its manifest",
    answer: detectorSchema.extend({ manifest: z.unknown() }),
  },
  detectorFile: {
    ...addresses.detectorFile,
    summary: "A file of a detector, for pages that score by themselves",
    files: ["application/json", "application/octet-stream"],
  },
  ...lookingRoutes,
} as const satisfies { readonly [Name in RouteName]: Route };

/** What is asked and answered, as types: what the pages know of the schemas. */
export type ApiTypes = {
  readonly [Name in RouteName]: {
    readonly query: (typeof routes)[Name] extends { query: infer Q extends z.ZodType } ? z.input<Q> : undefined;
    readonly body: (typeof routes)[Name] extends { body: infer B extends z.ZodType } ? z.input<B> : undefined;
    readonly answer: (typeof routes)[Name] extends { answer: infer A extends z.ZodType } ? z.output<A> : undefined;
  };
};
