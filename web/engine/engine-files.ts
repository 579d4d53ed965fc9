/** Where the bundler puts the engine's own files. A page that is bundled otherwise hands in other addresses. */

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
