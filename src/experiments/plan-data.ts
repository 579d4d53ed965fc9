/** The images of a plan: what is compared with what, no more of it than wanted, and how many there are. */
import { setting } from "../base/index.ts";
import { locateImages, openImages } from "../data/index.ts";
import type { Watch } from "../workflow/index.ts";
import { holdBack } from "./own-images.ts";
import type { Plan } from "./plan.ts";
import { addSelection, type SuiteData } from "./suites.ts";

/** The data with normal images to compare with, held back from the others where there are none. */
export async function completeData(
  data: SuiteData,
  out: string,
  input: Plan["input"],
  watch: Watch,
): Promise<Plan["data"]> {
  // What is wrong with the others is found before anything is written.
  for (const { location } of data.anomalous) await openImages(location, setting("anomalous"));
  await openImages(data.general, setting("general"));
  const own =
    data.test === null ? await holdBack(out, data.normal, input, watch) : { normal: data.normal, test: data.test };
  return { ...own, anomalous: [...data.anomalous], general: data.general };
}

/** How many images of a test set may be used. */
export interface TestLimit {
  readonly most: number;
  /** Whether somebody asked for it. A location that names a number of its own goes before a limit that nobody asked for. */
  readonly isAsked: boolean;
}

/** The test sets with as many images each as the limit allows, and how many there are in all. */
export async function limitTests(
  data: Plan["data"],
  limit: TestLimit,
): Promise<{ readonly data: Plan["data"]; readonly test: number }> {
  let total = 0;
  const limited = async (location: string, subject: string): Promise<string> => {
    const { length } = await openImages(location, subject);
    const cut = await limitLocation(location, length, limit, subject);
    total += cut === location ? length : limit.most;
    return cut;
  };
  const test = await limited(data.test, setting("test"));
  const anomalous: Plan["data"]["anomalous"] = [];
  for (const { name, location } of data.anomalous) {
    anomalous.push({ name, location: await limited(location, setting("anomalous")) });
  }
  return { data: { ...data, test, anomalous }, test: total };
}

async function limitLocation(
  location: string,
  length: number,
  { most, isAsked }: TestLimit,
  subject: string,
): Promise<string> {
  if (length <= most) return location;
  const { limit, seed } = (await locateImages(location, subject)).selection;
  if (limit === undefined) return addSelection(location, { limit: most, seed: seed ?? 0 });
  return isAsked ? addSelection(location, { limit: most }) : location;
}

/** How many images there are to train on. */
export async function countImages({
  normal,
  general,
}: Plan["data"]): Promise<{ readonly normal: number; readonly general: number }> {
  return {
    normal: (await openImages(normal, setting("normal"))).length,
    general: (await openImages(general, setting("general"))).length,
  };
}
