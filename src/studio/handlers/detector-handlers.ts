/** Detectors: what they are, and their files for pages that score by themselves. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { manifestName } from "../../detector/index.ts";
import { notFound } from "../../service/index.ts";
import { describeDetector } from "./home-handlers.ts";
import type { Handlers } from "./requests.ts";

export const detectorHandlers: Pick<Handlers, "detector" | "detectorFile"> = {
  async detector({ parts: { detector } }, { detectors }) {
    const known = await detectors.find(detector!);
    return { ...describeDetector(known), manifest: known.manifest ?? null };
  },
  async detectorFile({ parts: { detector, name } }, { detectors }) {
    const { path, manifest } = await detectors.manifest(detector!);
    // Names come from the manifest's own list, whatever is asked for.
    const known = [manifestName, ...Object.keys(manifest.files)].find((one) => one === name);
    const bytes = known === undefined ? undefined : await readFile(join(path, known)).catch(() => undefined);
    if (known === undefined || !bytes) throw notFound("file", "one of the detector's", "another");
    const type = known.endsWith(".json") ? "application/json" : "application/octet-stream";
    return new Response(new Uint8Array(bytes), { headers: { "content-type": type } });
  },
};
