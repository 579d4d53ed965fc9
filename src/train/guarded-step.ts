/** The step that training takes: gradients by inverses only as long as these are exact enough. */
import type { Engine } from "../runtime/index.ts";
import type { Objective } from "./objectives/index.ts";
import {
  compileStepOnce,
  mostInversionError,
  type StepOptions,
  type TrainingState,
  type TrainingStep,
} from "./step.ts";

/**
 * Compiles the step of an objective for one batch size and takes `state` over: its vectors change. With `least` memory, a batch whose gradient by inverses would be
 * worse than `mostInversionError` is gone through again in `low`, and so is every one after it.
 */
export async function compileStep(
  objective: Objective,
  batchSize: number,
  state: TrainingState,
  options: StepOptions,
  engine: Engine,
): Promise<TrainingStep> {
  const compile = (memory: StepOptions["memory"]): Promise<TrainingStep> =>
    compileStepOnce(objective, batchSize, state, { ...options, memory }, engine);
  const first = await compile(options.memory);
  if (options.memory !== "least") return first;
  let step: TrainingStep | undefined = first;
  let exact = true;
  const dispose = async (): Promise<void> => {
    const former = step;
    step = undefined;
    await former?.dispose();
  };
  return {
    async run(batch, scalars) {
      const result = await step!.run(batch, scalars);
      if (!exact) return { ...result, memory: "low" };
      const { inversionError = 0 } = result;
      if (inversionError <= mostInversionError) return result;
      // One program at a time: memory is short.
      await dispose();
      step = await compile("low");
      exact = false;
      return { ...(await step.run(batch, scalars)), inversionError, memory: "low" };
    },
    state: () => state,
    dispose,
  };
}
