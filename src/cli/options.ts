/** Parsers of option values. Each throws commander's InvalidArgumentError, which becomes one line and exit code 2. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Device, deviceNames } from "../base/index.ts";

/** A number in decimal digits, NaN for another text. */
export function numberOf(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
}

/** A whole number from `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`expected a whole number from ${least}, got '${text}'`);
    }
    return value;
  };
}

const byteUnits = { "": 1, KB: 1e3, MB: 1e6, GB: 1e9, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 } as const;

/** Bytes, such as `2GB` or `512MiB`. */
export function byteSize(text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*([KMG]i?B)?$/i.exec(text.trim()) ?? [];
  if (number === undefined) throw new InvalidArgumentError(`expected bytes, such as 2GB or 512MiB, got '${text}'`);
  return Math.round(Number(number) * byteUnits[unit.toUpperCase() as keyof typeof byteUnits]);
}

/** A number within an interval; either end may be excluded by `open`. */
export function numberWithin(low: number, high: number, open = true): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const inside = open ? value > low && value < high : value >= low && value <= high;
    if (text.trim() === "" || !inside) {
      throw new InvalidArgumentError(
        `expected a number ${open ? "between" : "from"} ${low} ${open ? "and" : "to"} ${high}, got '${text}'`,
      );
    }
    return value;
  };
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Names with commas between. */
export function nameList(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** A duration such as 90s, 20m, 1.5h, in seconds. */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([smh])$/.exec(text.trim());
  const seconds = match ? Number(match[1]) * secondsOf[match[2]!]! : 0;
  if (!(seconds > 0)) throw new InvalidArgumentError(`expected a duration such as 90s, 20m or 1.5h, got '${text}'`);
  return seconds;
}

/** One of some words. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new InvalidArgumentError(`expected ${words.join(", ")}, got '${text}'`);
    return found;
  };
}

/**
 * `--device`. `auto` is the CPU: ONNX Runtime does not say what a GPU is, and takes a driver that computes on the CPU, many times slower
 * than its own kernels, as gladly as a real one.
 */
export function deviceOption(): Option {
  return plainDeviceOption("what computes: auto, cpu, webgpu or cuda; auto is the CPU").default("cpu", "auto");
}

/** The same without a default. */
export function plainDeviceOption(description: string): Option {
  const choice = oneOf(["auto", ...deviceNames]);
  return new Option("--device <name>", description).argParser((text): Device => {
    const chosen = choice(text);
    return chosen === "auto" ? "cpu" : chosen;
  });
}

/** Where something listens. */
export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
}

/** `--metrics`: a port of this machine's own, or one at an address that others reach. */
export function metricsOption(): Option {
  return new Option(
    "--metrics <port>",
    "tell Prometheus at http://127.0.0.1:PORT/metrics; HOST:PORT for others",
  ).argParser((text): ListeningAddress => {
    const [, host = "127.0.0.1", port] = /^(?:\[?([\w.:-]+?)\]?:)?(\d{1,5})$/.exec(text.trim()) ?? [];
    if (port === undefined || Number(port) > 65_535) {
      throw new InvalidArgumentError(`expected a port, or an address such as 0.0.0.0:9464, got '${text}'`);
    }
    return { host, port: Number(port) };
  });
}

/** How a command tells of its work. */
export interface TellingOptions {
  readonly quiet: boolean;
  readonly json: boolean;
}

/** What is said of the cache: its size in bytes, or false for none. */
export interface CacheOptions {
  readonly cache?: number | false;
}

/** Adds the options of `CacheOptions`. */
export function withCacheOptions(command: Command): Command {
  return command
    .option("--cache <size>", "keep prepared images for the next time, so many bytes at most (default 10GB)", byteSize)
    .option("--no-cache", "keep none and use none");
}

/** Options that every command with a detector has. */
export interface EngineOptions extends TellingOptions {
  readonly threads?: number;
  readonly device: Device;
}

/** Adds the options of `EngineOptions`. */
export function withEngineOptions(command: Command): Command {
  return command
    .option("--threads <n>", "threads of the engine (default: all cores)", wholeNumber(1))
    .addOption(deviceOption())
    .option("--quiet", "no progress on stderr", false)
    .option("--json", "print one JSON object on stdout", false);
}
