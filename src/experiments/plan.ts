/** The plan of a reproduction as its folder keeps it: what is trained on what, for how long, and what is compared. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { deviceNames, FormatError, messageOf, setting } from "../base/index.ts";
import { parseNamedLocation, writeFileAtomic } from "../data/index.ts";
import { issueParts } from "../model/index.ts";
import { suiteNames } from "./suite-names.ts";

const positive = z.number().int().min(1);
const namedSet = z.strictObject({ name: z.string(), location: z.string() });

const planSchema = z.strictObject({
  kind: z.literal("outglow reproduction"),
  suite: z.enum(suiteNames),
  title: z.string(),
  /** The settings that were given. */
  given: z.record(z.string(), z.unknown()),
  budget: z.union([z.number(), z.literal("paper")]).nullable(),
  seeds: z.array(z.number().int().min(0)).min(1),
  data: z.strictObject({
    normal: z.string(),
    test: z.string(),
    anomalous: z.array(namedSet).min(1),
    general: z.string(),
  }),
  input: z.strictObject({ channels: positive, height: positive, width: positive }),
  model: z.strictObject({ scales: positive, depth: positive, hidden: positive }),
  batch: positive,
  /** Plans from before there was a choice do not name it. */
  device: z.enum(deviceNames).default("cpu"),
  /** That of the general model. The other Glows take half of it, the local model all of it. */
  learningRate: z.number().positive(),
  /** Whether the learning rate falls to a tenth for the last tenth of the steps, and rises over the first ones. */
  schedule: z.boolean(),
  flip: z.boolean(),
  translate: z.number(),
  heldOut: z.strictObject({ normal: z.number(), general: z.number() }),
  /** A general model for all seeds; null where every seed trains its own. */
  generalModel: z
    .strictObject({ folder: z.string(), weights: z.string(), steps: positive.nullable() })
    .nullable()
    .default(null),
  steps: z.strictObject({ general: z.number().int().min(0), plain: positive, margin: positive, outlier: positive }),
  /** Steps of the supervised models; null without them. */
  supervised: z.strictObject({ classes: positive, classifier: positive }).nullable().default(null),
  /** The time for all seeds, as estimated when the plan was made; null where nothing was measured. */
  estimatedSeconds: z.number().nullable(),
  notes: z.array(z.string()),
});

/** A plan. */
export type Plan = z.infer<typeof planSchema>;

/** The file of a plan within the folder of its reproduction. */
export const planName = "plan.json";

/** Writes a plan into the folder of its reproduction. Throws RunError where the disk refuses. */
export function writePlan(plan: Plan, out: string): Promise<void> {
  return writeFileAtomic(join(out, planName), `${JSON.stringify(plan, null, 2)}\n`);
}

/** Reads the plan of a folder. Throws FormatError where it cannot be read or is not a plan. */
export async function readPlan(out: string): Promise<Plan> {
  const path = join(out, planName);
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw unusable("unreadable", `'${path}'`, "the plan of a reproduction", messageOf(error));
  }
  const result = planSchema.safeParse(content);
  if (result.success) return { ...result.data, given: await readGiven(result.data.given) };
  const { path: at, expected, got } = issueParts(result.error, content);
  throw unusable("damaged", at === "" ? `'${path}'` : `${at} in '${path}'`, expected, got);
}

function unusable(code: "unreadable" | "damaged", subject: string, expected: string, got: string): FormatError {
  const remedy = { key: "other", text: `begin in another ${setting("out")}` } as const;
  return new FormatError({ code, subject, expected, got, remedy });
}

/** The settings that were given; plans of version 0.1 hold sets of images as they were typed. */
async function readGiven(given: Plan["given"]): Promise<Plan["given"]> {
  const { anomalous } = given;
  if (!Array.isArray(anomalous)) return given;
  const readSet = (set: unknown): unknown => (typeof set === "string" ? parseNamedLocation(set) : set);
  return { ...given, anomalous: await Promise.all(anomalous.map(readSet)) };
}
