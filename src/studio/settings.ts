/** What a studio is asked for: plain data, checked, with every default. Light: the command line shows the defaults in its help. */
import { z } from "zod";
import { ConfigError, setting } from "../base/index.ts";

/** Settings of a studio. */
export const studioSchema = z.strictObject({
  /** The folder that it works in: detectors in it are found, new ones go there, and what the studio knows is kept there. */
  folder: z.string().min(1).default("."),
  /** 0 for any free port. */
  port: z.number().int().min(0).max(65_535).default(8432),
});

/** What a caller gives. */
export type StudioSettings = z.input<typeof studioSchema>;

/** The same with every default. */
export type StudioRequest = z.output<typeof studioSchema>;

/** Checks settings. Throws ConfigError for the first that is wrong. */
export function readStudioSettings(settings: StudioSettings): StudioRequest {
  const parsed = studioSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const name = String(parsed.error.issues[0]!.path[0] ?? "");
  throw new ConfigError({
    code: "out-of-range",
    subject: name === "" ? "settings" : setting(name),
    expected: name === "port" ? "a whole number from 0 to 65535" : "a known setting",
    got: JSON.stringify(Reflect.get(settings, name)) ?? "none",
  });
}
