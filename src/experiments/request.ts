/** What is asked of a reproduction, as data. What is absent is left to the suite or to the budget. */
import type { Device } from "../base/index.ts";
import type { NamedLocation } from "../data/index.ts";
import type { SuiteName } from "./suite-names.ts";

/** Seconds of computing, or the hyperparameters of the paper itself. */
export type Budget = number | "paper";

/** What decides over the plan of a reproduction. */
export interface ReproductionSettings {
  readonly budget?: Budget | undefined;
  readonly seeds?: readonly number[] | undefined;
  /** Folder with the suite's data sets in sub-folders. */
  readonly data?: string | undefined;
  /** JSON file with the locations `data`, `normal`, `test`, `anomalous` ({name: location}) and `general`. */
  readonly config?: string | undefined;
  readonly normal?: string | undefined;
  /** Normal images to compare with. */
  readonly test?: string | undefined;
  readonly anomalous?: readonly NamedLocation[] | undefined;
  readonly general?: string | undefined;
  /** Folder of a general model for all seeds. */
  readonly generalModel?: string | undefined;
  /** Whether what knows the classes of the normal images is compared, too. */
  readonly supervised?: boolean | undefined;
  readonly generalSteps?: number | undefined;
  readonly steps?: number | undefined;
  /** Height and width in pixels. */
  readonly size?: number | undefined;
  /** Flow steps a scale. */
  readonly depth?: number | undefined;
  /** Hidden channels of the coupling networks. */
  readonly width?: number | undefined;
  /** Images a step. */
  readonly batch?: number | undefined;
  /** Test images of a set at most. */
  readonly limit?: number | undefined;
  readonly device?: Device | undefined;
}

/** A reproduction that is asked for. */
export interface ReproductionRequest extends ReproductionSettings {
  readonly suite: SuiteName;
  /** Folder of everything; a request for the same folder goes on with what was begun there. */
  readonly out: string;
  /** Threads of the engine. */
  readonly threads: number;
}

/** Settings by name, as a plan keeps them. */
export type Given = Readonly<Record<string, unknown>>;

/** The settings of a request that are given, without what may differ from call to call. */
export function givenSettings({ suite: _, out: __, threads: ___, anomalous, ...settings }: ReproductionRequest): Given {
  const sets = anomalous?.map(({ name, location }) => ({ name, location }));
  return Object.fromEntries(
    Object.entries({ ...settings, anomalous: sets }).filter(([, value]) => value !== undefined),
  );
}
