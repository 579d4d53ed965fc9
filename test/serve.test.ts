/** `outglow serve` as it is typed: its address on stdout, its log on stderr, its end by a signal. */
import type { ChildProcess } from "node:child_process";
import { truncate } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Outcome, runOutglow, startOutglow, untilSaid } from "./command.ts";
import { filesIn, makeDetectors } from "./service-harness.ts";

let made: Awaited<ReturnType<typeof makeDetectors>>;

beforeAll(async () => {
  made = await makeDetectors();
});

afterAll(() => made.dispose());

/** The first line on stdout. Throws what the process said where it ends without. */
function firstLine(child: ChildProcess, outcome: Promise<Outcome>): Promise<string> {
  const said = new Promise<string>((resolve) => {
    let text = "";
    child.stdout!.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
  });
  const ended = outcome.then(({ stderr }) => {
    throw new Error(`it ended too early: ${stderr}`);
  });
  return Promise.race([said, ended]);
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "it serves until %s, and ends with code 0 and without processes",
  async (signal) => {
    const { child, outcome } = startOutglow(made.at(), [
      "serve",
      "detectors/small",
      "--port=0",
      "--threads=1",
      "--rescan=0.001",
    ]);
    const loaded = untilSaid(child, "detector-loaded", outcome);
    const url = await firstLine(child, outcome);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await loaded;
    const [file] = await filesIn(made.at("new"));
    const response = await fetch(`${url}/api/detectors/small:predict`, {
      method: "POST",
      body: new Blob([file!.bytes]),
    });
    expect(response.status).toBe(200);
    const reloaded = untilSaid(child, '"reloaded"', outcome);
    child.kill("SIGHUP");
    await reloaded;
    child.kill(signal);
    const { code, stdout, stderr } = await outcome;
    expect([code, stdout]).toEqual([0, `${url}\n`]);
    const records = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string; time: string; pid?: number });
    expect(records.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["worker-started", "listening", "detector-loaded", "request", "draining", "closed"]),
    );
    expect(records[0]!.time).toMatch(/^\d{4}-\d\d-\d\dT/);
    for (const { pid } of records) if (pid) expect(() => process.kill(pid, 0)).toThrow();
  },
);

describe("--check", () => {
  test("says of every detector whether it passes", async () => {
    const { code, stdout } = await runOutglow(made.at(), "serve", "detectors", "--check", "--threads=1");
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^other {2}ready, version \w{12}\nsmall {2}ready, .*\n$/),
    ]);
  });

  test("fails where one does not", async () => {
    await truncate(made.at("detectors", "other", "model.onnx"), 10);
    const { code, stdout, stderr } = await runOutglow(made.at(), "serve", "detectors", "--check", "--threads=1");
    expect(code).toBe(1);
    expect(stdout).toContain("other  detector: expected 'other' to match its checksum");
    expect(stdout).toContain("small  ready");
    expect(stderr).toContain("--check: expected detectors that pass their golden checks, got 1 of 2 that do not");
  });
});

test("an address that others reach asks for tokens, in flags", async () => {
  const { code, stderr } = await runOutglow(made.at(), "serve", "detectors", "--host=0.0.0.0");
  expect(code).toBe(2);
  expect(stderr).toContain("--host: expected --token-file at an address that others can reach");
});
