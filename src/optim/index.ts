/** Optimisers, clipping, weight decay and schedules. Pure: they change only the vectors they are given. */
export {
  adam,
  adamax,
  applyMask,
  changeGradient,
  clipFactor,
  type Optimizer,
  optimizers,
  squaredNorm,
  type UpdateOptions,
} from "./optimizer.ts";
export { checkSchedule, learningRateAt, type Schedule } from "./schedule.ts";
export { type VectorMemory, vectorMemory } from "./vector-memory.ts";
