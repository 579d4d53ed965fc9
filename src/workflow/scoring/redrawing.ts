/** A detector's flow, opened to be asked again and again for images: drawn, or with some scales of an image kept. */
import { internalError } from "../../base/index.ts";
import { loadManifest, loadWeights, openRedrawer, presentFlows, type Redrawer } from "../../detector/index.ts";
import { type FlowName, flowOf } from "../../model/index.ts";
import { nodeEngine, requireDevice } from "../../runtime/index.ts";
import { toFlowWeights } from "../../train/index.ts";
import { completeEngine, type EngineSettings } from "../engine-settings.ts";

/** A flow of a detector that can be drawn from. */
export interface DetectorFlow {
  /** Folder of a detector or of a general model. */
  readonly detector: string;
  readonly model: Exclude<FlowName, "local">;
}

/**
 * Opens a flow. A model with classes lends the flow beneath them: nothing says which class a redrawn latent belongs to.
 * Throws ConfigError for a model that the detector lacks, FormatError where it is damaged, RunError where the device does not work.
 */
export async function openFlowRedrawer(
  { detector, model }: DetectorFlow,
  engine: EngineSettings = {},
): Promise<Redrawer> {
  const manifest = await loadManifest(detector);
  if (!presentFlows(manifest.models).includes(model)) throw internalError(`a detector without a ${model} model`);
  const options = completeEngine(engine);
  await requireDevice(options.device);
  const weights = await loadWeights(detector, manifest, model);
  const parameters = model === "normal" ? toFlowWeights(manifest.training, weights) : weights;
  return openRedrawer(flowOf(manifest.training, model), parameters, nodeEngine(options));
}
