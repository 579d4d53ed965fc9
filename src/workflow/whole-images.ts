/** The normal images of a training at their own size, for what looks at places in them, and which of them show the same thing. */
import { permutation, randomKey, setting } from "../base/index.ts";
import { openImages, readWhole } from "../data/index.ts";
import { type Fingerprint, fingerprintOfStructure, groupImages, type NormalImages } from "../faults/index.ts";
import type { Watch } from "./events.ts";
import type { TrainingPlan } from "./training-plan.ts";

/** Of more images than these, some are taken: every pair is compared, and all are in memory at their levels. */
const mostImages = 600;

/** Images, and a number for each that those of the same thing share. */
export interface GroupedImages {
  /** How long it took to find out. */
  readonly seconds: number;
  readonly images: NormalImages;
  readonly groups: Uint32Array;
}

/**
 * The normal images of a plan, some of them where there are many. Those that are alike, or whose names the plan's pattern matches with the same text, are of
 * one group. Throws FormatError where an image has changed since the plan was made, the signal's reason where it is aborted.
 */
export async function groupedImages(plan: TrainingPlan, { onEvent, signal }: Watch): Promise<GroupedImages> {
  const started = performance.now();
  const images = await normalImages(plan);
  const count = images.names.length;
  if (count < plan.images.normal.count) {
    const text = `places of ${count} of ${plan.images.normal.count} normal images are looked at`;
    onEvent?.({ kind: "note", text });
  }
  const prints: Fingerprint[] = [];
  for (let position = 0; position < count; position++) {
    signal?.throwIfAborted();
    prints.push(fingerprintOfStructure(await images.read(position)));
    const subject = "which images are alike";
    onEvent?.({ kind: "progress", task: "measuring", subject, done: position + 1, total: count });
  }
  onEvent?.({ kind: "settled" });
  const { group, faults } = plan.record;
  const pattern = (group ?? faults?.group) ? new RegExp(group ?? faults!.group!) : undefined;
  const groups = groupImages(prints, pattern ? images.names.map((name) => groupOf(name, pattern)) : []);
  const text = `${count} images of ${new Set(groups).size} different things, which stay together in every split`;
  onEvent?.({ kind: "note", text });
  return { images, groups, seconds: (performance.now() - started) / 1000 };
}

/** What an image shows, by the part of its name that the pattern, or its first group, matches. */
function groupOf(name: string, pattern: RegExp): string {
  const match = pattern.exec(name);
  return match?.[1] ?? match?.[0] ?? name;
}

async function normalImages({ record, images: { normal } }: TrainingPlan): Promise<NormalImages> {
  const source = await openImages(record.normal.location, setting("normal"), { use: "training" });
  const { seed, input } = record.configuration;
  const order = permutation(normal.count, randomKey(seed).fold("fault images").stream());
  const chosen = Array.from(order.subarray(0, mostImages)).sort((a, b) => a - b);
  const indices = chosen.map((image) => normal.indices[image]!);
  return {
    names: indices.map((index) => source.name(index)),
    read: (position) => readWhole(source, indices[position]!, input),
  };
}
