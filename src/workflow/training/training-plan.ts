/** What a training is to do: plain data, and the images that it is done with. */
import type { Beginning, RunImages, RunRecord } from "../../train/index.ts";
import type { EncoderFile } from "./encoder-file.ts";

/** A run that is ready to go. */
export interface TrainingPlan {
  /** The folder that becomes the detector. */
  readonly out: string;
  readonly record: RunRecord;
  readonly images: RunImages;
  /** How the run is begun; undefined where one is gone on with. */
  readonly beginning: Beginning | undefined;
  /** The encoder of the record, where it has one. */
  readonly encoder?: EncoderFile | undefined;
  /** The record that the run had, where one is gone on with: other than the plan's where images have moved. */
  readonly standing?: RunRecord;
}
