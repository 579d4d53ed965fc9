/** What a service is asked for: plain data, checked, with every default. Light: the command line shows the defaults in its help. */
import { z } from "zod";
import { ConfigError, deviceNames, setting } from "../base/index.ts";

const whole = (least: number, most: number) => z.number().int().min(least).max(most);

/** Settings of a service. */
export const serviceSchema = z.strictObject({
  /** A folder of detectors, or a detector's folder. */
  detectors: z.string().min(1),
  /** The address that it listens at. */
  host: z.string().min(1).default("127.0.0.1"),
  /** 0 for any free port. */
  port: whole(0, 65_535).default(8431),
  /** A file of access tokens (`tokens.ts`); any address but loopback demands one. */
  tokenFile: z.string().min(1).optional(),
  /** Certificate and key as PEM files: both for TLS, neither for plain HTTP. */
  tlsCert: z.string().min(1).optional(),
  tlsKey: z.string().min(1).optional(),
  /** Where changes of detectors are written down. Default: `audit.jsonl` in the folder of detectors. */
  auditLog: z.string().min(1).optional(),
  /** Names by which it may be called besides IP addresses and localhost. */
  allowHost: z.array(z.string().min(1)).default([]),
  /** Origins whose pages may call it, such as `https://studio.example`. */
  allowOrigin: z.array(z.string().min(1)).default([]),
  /** Processes that score. Default: half the cores. */
  workers: whole(1, 256).optional(),
  /** Threads of each of them. Default: the cores shared out. */
  threads: whole(1, 1024).optional(),
  /** Bytes that detectors may take in all engine processes together, about: those that are asked for least make room. Default: all stay. */
  maxMemory: whole(2 ** 20, Number.MAX_SAFE_INTEGER).optional(),
  device: z.enum(deviceNames).default("cpu"),
  /** Most images that are scored together. */
  maxBatch: whole(1, 1024).default(16),
  /** How long an image waits for others to be scored with, milliseconds. */
  maxWait: z.number().min(0).max(10_000).default(5),
  /** Bytes of a request's body. */
  maxBody: whole(1024, 2 ** 30).default(2 ** 25),
  /** Images of a request. */
  maxImages: whole(1, 65_536).default(64),
  /** Pixels of an image, as its file says. */
  maxPixels: whole(1, 268_402_689).default(50_000_000),
  /** Images that wait. */
  maxQueue: whole(1, 1_000_000).default(512),
  /** Seconds within which a request is answered, and within which its body must have come. */
  timeout: z.number().min(0.1).max(3600).default(30),
  /** Seconds between two looks for detectors that were replaced; 0 for none. */
  rescan: z.number().min(0).max(86_400).default(2),
});

/** What a caller gives. */
export type ServiceSettings = z.input<typeof serviceSchema>;

/** The same with every default. */
export type ServiceRequest = z.output<typeof serviceSchema>;

/** Checks settings. Throws ConfigError for the first that is wrong. */
export function readServiceSettings(settings: ServiceSettings): ServiceRequest {
  const parsed = serviceSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const name = String(path[0] ?? "");
  throw new ConfigError({
    code: "out-of-range",
    subject: name === "" ? "settings" : setting(name),
    expected: /expected (.*?)(, received .*)?$/.exec(message)?.[1] ?? "a known setting",
    got: JSON.stringify((settings as Readonly<Record<string, unknown>>)[name]) ?? "none",
  });
}
