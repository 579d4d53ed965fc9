/** A training's request as what a person would type. Pure: pages write it while a form is filled in. */
import { commandLine, flagOf } from "../../base/index.ts";

/** `outglow train` with the settings of a request, in their order; `durations` are written in seconds. */
export function trainCommandLine(request: Readonly<Record<string, unknown>>, durations: readonly string[]): string {
  const words = Object.entries(request).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [flagOf(name)];
    if (Array.isArray(value)) return [flagOf(name), value.join(",")];
    return [flagOf(name), durations.includes(name) ? `${value}s` : String(value)];
  });
  return commandLine(["train", ...words]);
}
