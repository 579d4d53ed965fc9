/** The configuration file of a reproduction: where its images are, as JSON. */
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { ConfigError, type FaultCode, messageOf, setting } from "../base/index.ts";
import { isBuiltin } from "../data/index.ts";
import { issueParts } from "../model/index.ts";
import type { ReproductionSettings } from "./request.ts";

/** Where images are, as a request or a configuration file says. */
export type Locations = Pick<ReproductionSettings, "data" | "normal" | "test" | "anomalous" | "general">;

const configSchema = z.strictObject({
  data: z.string().optional(),
  normal: z.string().optional(),
  test: z.string().optional(),
  anomalous: z.record(z.string(), z.string()).optional(),
  general: z.string().optional(),
});

/** The locations of a configuration file; relative ones count from its folder. Throws ConfigError where it cannot be read. */
export async function readConfig(path: string): Promise<Locations> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw unusable("unreadable", setting("config"), "a JSON file", `'${path}': ${messageOf(error)}`);
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw unusable("damaged", setting("config"), "JSON", `${messageOf(error)} in '${path}'`);
  }
  const result = configSchema.safeParse(content);
  if (!result.success) {
    const { path: at, expected, got } = issueParts(result.error, content);
    throw unusable("damaged", `${setting("config")} '${path}'${at === "" ? "" : `, ${at}`}`, expected, got);
  }
  const place = (location: string): string =>
    isAbsolute(location) || isBuiltin(location) || location.startsWith("file:")
      ? location
      : join(dirname(path), location);
  const { data, normal, test, anomalous, general } = result.data;
  return {
    ...(data === undefined ? {} : { data: place(data) }),
    ...(normal === undefined ? {} : { normal: place(normal) }),
    ...(test === undefined ? {} : { test: place(test) }),
    ...(anomalous && {
      anomalous: Object.entries(anomalous).map(([name, location]) => ({ name, location: place(location) })),
    }),
    ...(general === undefined ? {} : { general: place(general) }),
  };
}

function unusable(code: FaultCode, subject: string, expected: string, got: string): ConfigError {
  return new ConfigError({ code, subject, expected, got });
}
