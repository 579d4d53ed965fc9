/** Calibrating anew as the work of a run: on images of several sets, as somebody has marked them. */

import { setting } from "../../base/index.ts";
import { type ImageSource, joinSources, openImages, pickImages } from "../../data/index.ts";
import { openDetector, recalibrate } from "../../workflow/index.ts";
import type { CalibratingRequest } from "../looking/looking-requests.ts";
import { otherImages } from "../looking/other-images.ts";
import type { Work } from "./job-kinds.ts";
import { runTeller } from "./train-job.ts";

/** Calibrates. It is over soon or not at all: there is nothing to go on with. */
export const calibrateJob: Work<CalibratingRequest> = async ({ detector: folder, sets }, { tell, signal }) => {
  tell({ kind: "stage", text: "loading the detector" });
  const detector = await openDetector(folder);
  try {
    const sources: ImageSource[] = [];
    for (const { location, use, indices, names } of sets) {
      const source = await openImages(location, setting("normal"), { use });
      const moved = indices.findIndex((index, at) => index >= source.length || source.name(index) !== names[at]);
      if (moved >= 0) throw otherImages(location, names[moved]!);
      sources.push(pickImages(source, indices));
    }
    const normal = sources.length === 1 ? sources[0]! : joinSources(sources, setting("normal"));
    const { references, images, leastRate } = await recalibrate(
      detector,
      { normal },
      { signal, onEvent: runTeller(tell) },
    );
    const text = `calibrated on ${images} images, ${references} of them references: rates from ${leastRate} on can be told`;
    tell({ kind: "note", text });
    return "finished";
  } finally {
    await detector.dispose();
  }
};
