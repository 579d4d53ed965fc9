/** Faults: one line in the library's words, and the same line in a caller's. */
import { expect, test } from "vitest";
import { ConfigError, describeFault, type Fault, setting } from "./index.ts";

const fault: Fault = {
  code: "missing-setting",
  subject: setting("objective", "outlier"),
  expected: "a general model",
  got: "none",
  remedy: { key: "give-setting", setting: `${setting("general")} or ${setting("generalDetector")}` },
};

const asFlags = (name: string, value: string | undefined): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}${value === undefined ? "" : ` ${value}`}`;

test("a fault is one line that names settings as a request does", () => {
  const line = "objective outlier: expected a general model, got none; give general or generalDetector";
  expect(describeFault(fault)).toBe(line);
  expect(new ConfigError(fault).message).toBe(line);
});

test("a caller writes settings in its own words", () => {
  expect(describeFault(fault, asFlags)).toBe(
    "--objective outlier: expected a general model, got none; give --general or --general-detector",
  );
});

test("without a way out the line ends with what came", () => {
  const { remedy: _, ...bare } = fault;
  expect(describeFault({ ...bare, subject: "x" })).toBe("x: expected a general model, got none");
});

test("text that only looks like a token stays as it is", () => {
  expect(describeFault({ ...fault, got: "a file '\u2039 \u203a{setting}'" })).toContain(
    "got a file '\u2039 \u203a{setting}'",
  );
});

test("an error keeps its parts", () => {
  expect(new ConfigError(fault).fault).toBe(fault);
});
