/** The page of browser.test.ts: a detector and encoded files from its server, all computed here. */
import { type FileReader, loadDetector } from "../../src/detector/portable.ts";
import { jpegDecoder, prepareEncoded } from "../../src/pixels/index.ts";
import { computeScore, pValues } from "../../src/score/index.ts";
import { pageDecoder } from "../../web/engine/decoding.ts";
import { openWebEngine } from "../../web/engine/ort-engine.ts";
import { otherFits, type PageReport } from "./page-report.ts";

/** Where the server has the engine's files. */
const files = {
  wasm: "/engine/ort-wasm-simd-threaded.wasm",
  mjs: new URL("/engine/ort-wasm-simd-threaded.mjs", globalThis.location.href).href,
  webgpuWasm: "",
  webgpuMjs: "",
  jpeg: "/jpeg-turbo.wasm",
};

/** The files of a folder of the server. */
function servedFiles(folder: string): FileReader {
  const describe = (name: string): string => `${folder}/${name}`;
  return {
    location: folder,
    describe,
    async read(name) {
      const response = await fetch(describe(name));
      return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
    },
  };
}

/** Scores images of the server with the detector in `/detector`, by all scores that need no coders. */
export async function score(names: readonly string[], scores: readonly string[]): Promise<PageReport> {
  const engine = await openWebEngine({ device: "wasm", threads: 1, files });
  const decoder = pageDecoder(jpegDecoder(await WebAssembly.compileStreaming(fetch(files.jpeg))));
  const detector = await loadDetector(servedFiles("/detector"), engine);
  const { input, calibration } = detector.manifest;
  const images: PageReport["images"][number][] = [];
  for (const name of names) {
    const bytes = new Uint8Array(await (await fetch(`/images/${name}`)).arrayBuffer());
    const prepared = await prepareEncoded(bytes, input, decoder);
    if ("reason" in prepared) throw new Error(`${name}: ${prepared.reason}`);
    const fitted: Record<string, readonly number[] | string> = {};
    for (const fit of otherFits) {
      const kept = await prepareEncoded(bytes, { ...input, fit }, decoder);
      fitted[fit] = "reason" in kept ? kept.reason : [...kept.pixels];
    }
    const terms = await detector.terms(prepared.pixels);
    const found = scores.map((score) => {
      const { values } = computeScore(score, terms, calibration);
      return [score, { score: values[0]!, pValue: pValues(calibration, score, values)[0]! }] as const;
    });
    images.push({
      pixels: [...prepared.pixels],
      fitted,
      terms: [...terms.normal.values],
      scores: Object.fromEntries(found),
    });
  }
  await detector.dispose();
  return { manifest: detector.manifest, engine: engine.version, images };
}

Object.assign(globalThis, { score });
