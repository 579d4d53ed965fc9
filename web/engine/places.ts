/**
 * Where the engine's own files and its workers lie, as the bundler of the studio's pages puts them. The library has a file of this name
 * of its own (`web/library.config.ts`); a page that is bundled otherwise hands in other addresses.
 */

import jpeg from "@cwasm/jpeg-turbo/jpeg-turbo.wasm?url";
import webgpuMjs from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import webgpuWasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import type { EngineFiles } from "./messages.ts";

/** Addresses in full, as a worker's own address is another one. */
export function bundledFiles(): EngineFiles {
  const address = (path: string): string => new URL(path, import.meta.url).href;
  return {
    wasm: address(wasm),
    mjs: address(mjs),
    webgpuWasm: address(webgpuWasm),
    webgpuMjs: address(webgpuMjs),
    jpeg: address(jpeg),
  };
}

/** A new worker that scores. */
export function scoringWorker(): Worker {
  return new Worker(new URL("./scoring-worker.ts", import.meta.url), { type: "module", name: "outglow scoring" });
}

/** A new worker that trains. */
export function trainingWorker(): Worker {
  return new Worker(new URL("./training-worker.ts", import.meta.url), { type: "module", name: "outglow training" });
}
