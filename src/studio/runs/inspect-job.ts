/** A close look at images as the work of a run: doubles, oddities, and the very split that a training would make of them. */
import { join } from "node:path";
import { openImages, writeFileAtomic } from "../../data/index.ts";
import { splitRun } from "../../train/index.ts";
import { inspectData, prepareTraining, type TrainRequest, type WorkflowEvent } from "../../workflow/index.ts";
import { type JobRequest, runFileNames, type Work } from "./job-kinds.ts";
import { runTeller } from "./train-job.ts";

/** What was found: sets of images by where they stand in the folder's list, each in the order in which it is to be looked at. */
export interface Inspection {
  /** `HxW` and how many have it, the most frequent first. */
  readonly sizes: readonly { readonly name: string; readonly count: number }[];
  readonly channels: readonly { readonly name: string; readonly count: number }[];
  readonly unreadable: readonly { readonly name: string; readonly reason: string }[];
  /** How many could not be read; the first ones are named above. */
  readonly unreadableCount: number;
  /** What was found, by kind; doubles stand side by side. */
  readonly found: readonly { readonly kind: string; readonly images: readonly number[]; readonly groups: number }[];
  /** What a training with the usual share held out, seed and size would do; `objection` where it could not. */
  readonly split: {
    readonly heldOut: readonly number[];
    readonly trained: number;
    readonly leftOut: number;
    readonly objection: string | null;
  };
}

/** Problems that are named. */
const mostNamed = 200;

export const inspectJob: Work<JobRequest<"inspect">> = async ({ location, heldOut, seed, size }, context) => {
  const { folder, tell, signal } = context;
  const onEvent: (event: WorkflowEvent) => void = runTeller(tell);
  const { description } = await inspectData([location], { onEvent, signal });
  const [set] = description.sets;
  const source = await openImages(location, "images");
  const indices = new Map(Array.from({ length: source.length }, (_, index) => [source.name(index), index] as const));
  const at = (name: string): number[] => {
    const index = indices.get(name);
    return index === undefined ? [] : [index];
  };
  const groups = {
    duplicates: description.duplicates,
    "near-duplicates": description.nearDuplicates,
    collisions: description.collisions,
  };
  const found = [
    ...Object.entries(groups).map(([kind, all]) => ({
      kind,
      images: all.flatMap(({ images }) => images.flatMap(({ name }) => at(name))),
      groups: all.length,
    })),
    ...Object.entries(set!.odd).map(([kind, all]) => ({
      kind,
      images: all.flatMap(({ name }) => at(name)),
      groups: all.length,
    })),
  ].filter(({ images }) => images.length > 0);
  tell({ kind: "stage", text: "splitting images as a training would" });
  const request: TrainRequest = { normal: location, out: join(folder, "none"), heldOut, seed, size };
  const split = await splitOf(request, signal, onEvent);
  const result: Inspection = {
    sizes: set!.sizes,
    channels: set!.channels,
    unreadable: set!.unreadable.slice(0, mostNamed),
    unreadableCount: set!.unreadable.length,
    found,
    split,
  };
  await writeFileAtomic(join(folder, runFileNames.result), JSON.stringify(result));
  return "finished";
};

/** The split of the very code that trains. */
async function splitOf(
  request: TrainRequest,
  signal: AbortSignal,
  onEvent: (event: WorkflowEvent) => void,
): Promise<Inspection["split"]> {
  try {
    const { images, record } = await prepareTraining(request, { onEvent, signal });
    const { normal } = splitRun(images, record.configuration);
    const heldOut = Array.from(normal.heldOut, (image) => images.normal.indices[image]!);
    return { heldOut, trained: normal.train.length, leftOut: normal.duplicates, objection: null };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return { heldOut: [], trained: 0, leftOut: 0, objection: error instanceof Error ? error.message : String(error) };
  }
}
