/** Optimisers, clipping, weight decay and schedules as graph fragments. Pure. */
export {
  adam,
  adamax,
  type GuardedUpdate,
  guardedUpdate,
  type Optimizer,
  type OptimizerName,
  optimizerNamed,
  type UpdateOptions,
} from "./optimizer.ts";
export { checkSchedule, learningRateAt, type Schedule } from "./schedule.ts";
