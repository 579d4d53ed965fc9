/** Learning rates over steps. */
import { ConfigError } from "../base/index.ts";

/** Linear warm-up from 0, then the base rate, multiplied by a factor at each milestone. */
export interface Schedule {
  readonly learningRate: number;
  /** Steps until the full rate; 0 for none. */
  readonly warmup: number;
  /** Steps at which the rate is multiplied by `factor`, ascending. */
  readonly milestones: readonly number[];
  readonly factor: number;
}

/** The learning rate of a step (0 is the first). */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { learningRate, warmup, milestones, factor } = schedule;
  const warm = warmup > 0 ? Math.min(1, (step + 1) / warmup) : 1;
  const passed = milestones.filter((milestone) => step >= milestone).length;
  return learningRate * warm * factor ** passed;
}

/** Throws ConfigError for a schedule that cannot be meant. */
export function checkSchedule({ learningRate, warmup, milestones, factor }: Schedule): void {
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    throw refusal("a learning rate above 0", String(learningRate));
  }
  if (!(Number.isInteger(warmup) && warmup >= 0)) {
    throw refusal("a number of warm-up steps from 0", String(warmup));
  }
  if (milestones.some((step, index) => !(Number.isInteger(step) && step >= (milestones[index - 1] ?? 0)))) {
    throw refusal("ascending milestones", milestones.join(", "));
  }
  if (!(factor > 0 && factor <= 1)) throw refusal("a factor in (0, 1]", String(factor));
}

function refusal(expected: string, got: string): ConfigError {
  return new ConfigError({ code: "out-of-range", subject: "schedule", expected, got });
}
