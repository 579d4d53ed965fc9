/** What the studio can be asked, as data: addresses with their schemas. The server, its checks and the pages' types come from here. */
import { z } from "zod";
import { type Address, addresses, type RouteName } from "./addresses.ts";
import {
  folderSchema,
  imagesQuery,
  imagesSchema,
  inspectBody,
  knownFolderSchema,
  pictureQuery,
  placeSchema,
} from "./folder-schemas.ts";
import { lookingRoutes } from "./looking-routes.ts";
import {
  demoBody,
  detectorSchema,
  homeSchema,
  runSchema,
  trainBody,
  trainFormSchema,
  trainingCheckSchema,
} from "./schemas.ts";

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
  place: {
    ...addresses.place,
    summary: "The folders in a folder of this machine, to choose one",
    body: z.strictObject({ path: z.string().max(4096) }),
    answer: placeSchema,
  },
  folders: {
    ...addresses.folders,
    summary: "Folders of images that are known",
    answer: z.object({ folders: z.array(knownFolderSchema) }),
  },
  openFolder: {
    ...addresses.openFolder,
    summary: "List the images of a location, and know it from then on",
    body: z.strictObject({ location: z.string().min(1).max(4096) }),
    answer: folderSchema,
  },
  makeFolder: {
    ...addresses.makeFolder,
    summary: "Make a folder for images that are dropped on a page",
    body: z.strictObject({ name: z.string().max(200) }),
    answer: z.object({ id: z.string() }),
  },
  folder: { ...addresses.folder, summary: "What is in a folder", answer: folderSchema },
  forgetFolder: { ...addresses.forgetFolder, summary: "Forget a folder; its images stay", answer: done },
  folderImages: {
    ...addresses.folderImages,
    summary: "Images of a folder, of a class or of what a close look has found",
    query: imagesQuery,
    answer: imagesSchema,
  },
  folderPicture: {
    ...addresses.folderPicture,
    summary: "A small picture of an image",
    query: pictureQuery,
    files: ["image/png", "image/webp"],
  },
  inspectFolder: {
    ...addresses.inspectFolder,
    summary: "Look closely at every image: doubles, oddities, and the split that a training makes",
    body: inspectBody,
    answer: runSchema,
  },
  putFile: {
    ...addresses.putFile,
    summary: "Put a file that was dropped into its folder: the bytes are the body",
    query: z.strictObject({ path: z.string().min(1).max(2000) }),
    answer: done,
  },
  trainForm: { ...addresses.trainForm, summary: "Every setting of a training", answer: trainFormSchema },
  checkTraining: {
    ...addresses.checkTraining,
    summary: "What is wrong with a training's request, and about how long it takes",
    body: trainBody,
    answer: trainingCheckSchema,
  },
  train: { ...addresses.train, summary: "Train a detector", body: trainBody, answer: runSchema },
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
