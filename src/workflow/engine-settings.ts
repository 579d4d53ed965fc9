/** What computes, with the defaults of a person who does not care. */
import { availableParallelism } from "node:os";
import type { Device } from "../base/index.ts";
import type { ProgramOptions } from "../runtime/index.ts";

/** How a piece of work computes. */
export interface EngineSettings {
  /** Default: all cores. */
  readonly threads?: number | undefined;
  /** Default: the CPU. */
  readonly device?: Device | undefined;
}

/** The same with every default in its place. */
export function completeEngine({ threads, device }: EngineSettings): ProgramOptions & { readonly device: Device } {
  return { threads: threads ?? availableParallelism(), device: device ?? "cpu" };
}
