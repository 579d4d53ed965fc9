/** The form of a training, from the schema of its request: what each setting is, what it may be and what it is about. */
import { z } from "zod";

import { type TrainSetting, trainNotes, trainRequestSchema } from "../../workflow/index.ts";

/** One setting as a field. Texts may hold settings as tokens. */
export interface TrainField {
  readonly name: TrainSetting;
  readonly kind: "text" | "number" | "whole" | "seconds" | "switch" | "choice" | "numbers";
  readonly note: string;
  readonly choices?: readonly string[];
  /** What stands where nothing is said; null where other settings decide. */
  readonly usual: string | number | boolean | null;
  readonly least?: number;
  readonly most?: number;
  /** Shown at once; the others on demand. */
  readonly first: boolean;
}

/** Settings that a person decides; everything else is for those who know. */
const first: readonly TrainSetting[] = ["normal", "general", "out", "time", "size", "channels", "faults", "heldOut"];

/** What a form cannot say, or says otherwise: a run is gone on with by its own button. */
const left: readonly TrainSetting[] = ["resume"];

/** Numbers that are durations: the command line writes them as such. */
export const durations: readonly TrainSetting[] = ["time", "generalTime", "checkpointEvery"];

/** What JSON schemas say of a setting. */
interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: string | number | boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
}

/** Every field, those that are shown at once first. */
export function trainFields(): TrainField[] {
  const { properties } = z.toJSONSchema(trainRequestSchema, { io: "input", unrepresentable: "any" });
  const names = (Object.keys(trainNotes) as TrainSetting[]).filter((name) => !left.includes(name));
  const fields = names.map((name) => fieldOf(name, (properties?.[name] ?? {}) as Property));
  return [...first.map((name) => fields.find((field) => field.name === name)!), ...fields.filter((one) => !one.first)];
}

function fieldOf(name: TrainSetting, property: Property): TrainField {
  const least = property.minimum ?? property.exclusiveMinimum;
  const most = property.maximum ?? property.exclusiveMaximum;
  return {
    name,
    kind: kindOf(name, property),
    note: trainNotes[name],
    ...(property.enum ? { choices: property.enum } : {}),
    usual: property.default ?? null,
    ...(least !== undefined && Math.abs(least) < Number.MAX_SAFE_INTEGER ? { least } : {}),
    ...(most !== undefined && Math.abs(most) < Number.MAX_SAFE_INTEGER ? { most } : {}),
    first: first.includes(name),
  };
}

function kindOf(name: TrainSetting, { type, enum: choices }: Property): TrainField["kind"] {
  if (choices) return "choice";
  if (durations.includes(name)) return "seconds";
  if (type === "boolean") return "switch";
  if (type === "array") return "numbers";
  if (type === "integer") return "whole";
  return type === "number" ? "number" : "text";
}
