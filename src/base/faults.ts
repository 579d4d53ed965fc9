/**
 * What is wrong, as data. A library cannot know how its caller names things: the command line says `--general`, a service a field of its
 * JSON. So errors hold parts, a setting in them is a token that the caller puts into its own words, and a way out is a key with parameters.
 */
import { type Remedy, remedyText } from "./remedies.ts";

/** What kind of fault it is: what a program decides by. Add one only where a caller would act differently. */
export type FaultCode =
  | "not-found"
  | "unreadable"
  | "unwritable"
  | "exists"
  | "busy"
  | "damaged"
  | "unsupported"
  | "unknown-name"
  | "out-of-range"
  | "missing-setting"
  | "conflicting-settings"
  | "too-few-images"
  | "too-large"
  | "other-images"
  | "other-model"
  | "not-calibrated"
  | "diverged"
  | "engine"
  | "device"
  | "mismatch"
  | "not-allowed"
  | "timeout";

/** One fault: its subject, what was expected, what came instead, and what a person can do. Texts may hold settings (`setting`). */
export interface Fault {
  readonly code: FaultCode;
  /** What it is about: a setting, a path in quotes, a part of the program such as `detector`. */
  readonly subject: string;
  /** Completes `expected ...`. */
  readonly expected: string;
  /** Completes `got ...`. */
  readonly got: string;
  readonly remedy?: Remedy | undefined;
}

/** The token of a setting in a text, by its name in a request, such as `generalSteps`; `value` where one of its values is meant. */
export function setting(name: string, value?: string | number): string {
  return value === undefined ? `\u2039${name}\u203a` : `\u2039${name}=${value}\u203a`;
}

const token = /\u2039([A-Za-z]+)(?:=([^\u203a]*))?\u203a/g;

/** How a caller writes a setting. */
export type SettingWriter = (name: string, value: string | undefined) => string;

/** A text with every setting in the words of `write`. The default writes the name as it is in a request. */
export function writeSettings(text: string, write: SettingWriter = plainSetting): string {
  return text.replace(token, (_, name: string, value: string | undefined) => write(name, value));
}

function plainSetting(name: string, value: string | undefined): string {
  return value === undefined ? name : `${name} ${value}`;
}

/** A fault as one line in lower case without a full stop: `subject: expected ..., got ...; way out`. */
export function describeFault({ subject, expected, got, remedy }: Fault, write?: SettingWriter): string {
  const wayOut = remedy === undefined ? "" : `; ${remedyText(remedy)}`;
  return writeSettings(`${subject}: expected ${expected}, got ${got}${wayOut}`, write);
}
