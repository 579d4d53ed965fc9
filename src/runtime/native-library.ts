/**
 * ONNX Runtime for Node, loaded when it is first needed. Since 1.30 it counts its users: at its first session it writes a device identifier
 * and an event store below HOME and looks up a host to send them to. That is switched off here, in front of the only place that loads it.
 * Static imports would run before any statement of ours, so there is none.
 */
import { createRequire } from "node:module";

type NativeLibrary = typeof import("onnxruntime-node");

const load = createRequire(import.meta.url);

// While this file loads, not later: a worker thread has a copy of the environment that native code does not see, so there it is the main
// thread's import that counts.
process.env.ORT_DISABLE_TELEMETRY = "1";

/** ONNX Runtime, silent. */
export function nativeLibrary(): NativeLibrary {
  return load("onnxruntime-node") as NativeLibrary;
}
