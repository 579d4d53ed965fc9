/** Optimisers, clipping, weight decay and schedules as graph fragments. Pure. */
export {
  adam,
  adamax,
  clipFactor,
  type Optimizer,
  type OptimizerName,
  optimizerNamed,
  squaredNorm,
  type UpdateOptions,
  updateParameters,
  updateScalarCount,
} from "./optimizer.ts";
export { checkSchedule, learningRateAt, type Schedule } from "./schedule.ts";
