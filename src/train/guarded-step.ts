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
 * Compiles the step of an objective for one batch size, with a copy of the state that it starts from. With `least` memory, a batch whose gradient by inverses would be
 * worse than `mostInversionError` is gone through again in `low`, and so is every one after it.
 */
export async function compileStep(
  objective: Objective,
  batchSize: number,
  start: TrainingState,
  options: StepOptions,
  engine: Engine,
): Promise<TrainingStep> {
  const compile = (from: TrainingState, memory: StepOptions["memory"]): Promise<TrainingStep> =>
    compileStepOnce(objective, batchSize, from, { ...options, memory }, engine);
  let step = await compile(start, options.memory);
  if (options.memory !== "least") return step;
  let exact = true;
  let disposed = false;
  const dispose = async (): Promise<void> => {
    if (!disposed) await step.dispose();
    disposed = true;
  };
  return {
    async run(batch, scalars) {
      const result = await step.run(batch, scalars);
      if (!exact) return { ...result, memory: "low" };
      const { inversionError = 0 } = result;
      if (inversionError <= mostInversionError) return result;
      // One program at a time: memory is short.
      await dispose();
      step = await compile(step.state(), "low");
      disposed = false;
      exact = false;
      return { ...(await step.run(batch, scalars)), inversionError, memory: "low" };
    },
    state: () => step.state(),
    dispose,
  };
}
