/** Thresholds over HTTP: asked for, changed, taken back, by whom and on top of what; no request is lost meanwhile. */
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openClient, type ServiceError } from "../src/client/index.ts";
import { loadManifest } from "../src/detector/index.ts";
import { filesIn, makeDetectors, type RunningService, startTestService } from "./service-harness.ts";

const tokens = [
  { name: "line-1", token: "reading-0123456789", scopes: ["read", "score"] },
  { name: "quality", token: "ruling-0123456789", scopes: ["admin"] },
];

let made: Awaited<ReturnType<typeof makeDetectors>>;
let service: RunningService;
/** The score that the detector decides by when it is trained. */
let ownScore: string;
let files: Awaited<ReturnType<typeof filesIn>>;

beforeAll(async () => {
  made = await makeDetectors();
  await writeFile(made.at("tokens.json"), JSON.stringify(tokens));
  const settings = { detectors: made.at("detectors"), tokenFile: made.at("tokens.json") };
  service = await startTestService("../dist/cli/engine-worker.js", settings);
  files = await filesIn(made.at("new"));
  ownScore = (await loadManifest(made.at("detectors", "small"))).defaultScore;
});

afterAll(async () => {
  await service?.close();
  await made?.dispose();
});

const reader = () => openClient({ url: service.url, token: tokens[0]!.token, retries: 0 });
const admin = () => openClient({ url: service.url, token: tokens[1]!.token, retries: 0 });
const path = "/api/detectors/small/threshold";

function put(body: unknown, headers: Record<string, string> = { "if-match": "*" }): Promise<Response> {
  const authorization = `Bearer ${tokens[1]!.token}`;
  return service.ask(path, { method: "PUT", headers: { authorization, ...headers }, body: JSON.stringify(body) });
}

async function audit(): Promise<Record<string, unknown>[]> {
  const text = await readFile(made.at("detectors", "audit.jsonl"), "utf8").catch(() => "");
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("a rate is written where predict and calibrate read it, is served at once, and is taken back", async () => {
  const before = await reader().threshold("small");
  expect(before).toMatchObject({ served: true, score: ownScore, falseAlarm: 0.01, undoable: false });
  const after = await admin().setThreshold("small", before.detector.version, { falseAlarm: 0.25 });
  expect(after).toMatchObject({
    served: true,
    falseAlarm: 0.25,
    rule: expect.stringContaining("25 %"),
    undoable: true,
  });
  expect(after.detector.version).not.toBe(before.detector.version);
  expect((await loadManifest(made.at("detectors", "small"))).decision).toEqual({ kind: "false-alarm", rate: 0.25 });
  expect(await reader().predict("small", files)).toMatchObject({ detector: after.detector, falseAlarm: 0.25 });

  const byScore = await admin().setThreshold("small", after.detector.version, {
    score: "likelihood",
    threshold: 123.5,
  });
  expect(byScore).toMatchObject({ score: "likelihood", threshold: 123.5 });
  const back = await admin().undoThreshold("small", byScore.detector.version);
  expect(back).toMatchObject({ score: ownScore, falseAlarm: 0.25 });
  const first = await admin().undoThreshold("small", back.detector.version);
  expect(first).toMatchObject({ falseAlarm: 0.01, undoable: false, saved: null });
  const none = await admin()
    .undoThreshold("small", first.detector.version)
    .catch((error: ServiceError) => error);
  expect(none).toMatchObject({ status: 409, fault: { expected: "a calibration before the present one" } });
});

test("every change has its lines: who, when, from what to what, and no token", async () => {
  const records = await audit();
  const done = records.filter(({ outcome }) => outcome === "done");
  expect(done.map(({ action }) => action)).toEqual(["threshold", "threshold", "undo", "undo"]);
  expect(records.filter(({ outcome }) => outcome === "begun")).toHaveLength(5);
  expect(records.at(-1)).toMatchObject({ outcome: "failed", action: "undo" });
  const versioned = expect.objectContaining({ version: expect.stringMatching(/^[0-9a-f]{12}$/) });
  expect(done[0]).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    action: "threshold",
    request: expect.stringMatching(/^[\w-]{36}$/),
    caller: "quality",
    detector: "small",
    from: expect.objectContaining({ score: ownScore, rule: null }),
    to: { score: ownScore, rule: { kind: "false-alarm", rate: 0.25 } },
    outcome: "done",
    version: expect.stringMatching(/^[0-9a-f]{12}$/),
    kept: "calibration-1.json",
  });
  expect(done[0]).toEqual(expect.objectContaining({ from: versioned }));
  expect(service.records.filter(({ event }) => event === "admin")).toHaveLength(records.length);
  const text = JSON.stringify([records, service.records]);
  for (const { token } of tokens) expect(text).not.toContain(token);
});

test("a change on top of another one that its caller does not know is refused", async () => {
  const { detector } = await reader().threshold("small");
  const both = await Promise.allSettled([
    admin().setThreshold("small", detector.version, { falseAlarm: 0.1 }),
    admin().setThreshold("small", detector.version, { falseAlarm: 0.2 }),
  ]);
  expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect((both[1] as PromiseRejectedResult).reason).toMatchObject({ status: 412, fault: { code: "mismatch" } });
  expect((await put({ falseAlarm: 0.1 }, {})).status).toBe(428);
  expect((await put({ falseAlarm: 0.1 }, { "if-match": `"${detector.version}"` })).status).toBe(412);
  const answer = await service.ask(path, { headers: { authorization: `Bearer ${tokens[0]!.token}` } });
  const matching = { "if-match": `"0", ${answer.headers.get("etag")}` };
  expect((await put({ falseAlarm: 0.15 }, matching)).status).toBe(200);
});

test("a change of a detector that somebody replaced meanwhile is refused until it is served", async () => {
  const name = made.at("detectors", "small", "detector.json");
  const served = await readFile(name);
  await writeFile(name, await readFile(made.at("spare", "detector.json")));
  const response = await put({ falseAlarm: 0.3 });
  expect([response.status, (await response.json()) as object]).toEqual([
    409,
    expect.objectContaining({ fault: expect.objectContaining({ code: "busy", subject: "detector 'small'" }) }),
  ]);
  await writeFile(name, served);
});

test.each<[string, unknown, number, string]>([
  ["nothing", {}, 400, "got none of them"],
  ["two rules", { falseAlarm: 0.1, fdr: 0.1 }, 400, "falseAlarm: expected one rule"],
  ["a rate beyond 1", { falseAlarm: 2 }, 400, "request: falseAlarm: expected number to be <1, got 2"],
  ["a budget of nothing known", { budget: 3 }, 400, "expected"],
  ["a certainty alone", { falseAlarm: 0.1, certainty: 0.9 }, 400, "certainty"],
  ["a score that there is not", { score: "magic" }, 400, "magic"],
  ["another key", { rate: 0.1 }, 400, "no other keys"],
  ["no object", [1], 400, "request: body"],
])("%s is refused, and nothing is changed or written", async (_, body, status, words) => {
  const before = [await readFile(made.at("detectors", "small", "detector.json"), "utf8"), (await audit()).length];
  const response = await put(body);
  expect(((await response.json()) as { error: string }).error).toContain(words);
  expect(response.status).toBe(status);
  expect([await readFile(made.at("detectors", "small", "detector.json"), "utf8"), (await audit()).length]).toEqual(
    before,
  );
});

test("what cannot be written down is not done", async () => {
  const other = await startTestService("../dist/cli/engine-worker.js", {
    detectors: made.at("detectors", "other"),
    auditLog: made.at("none", "audit.jsonl"),
  });
  try {
    const before = await readFile(made.at("detectors", "other", "detector.json"), "utf8");
    const init = { method: "PUT", headers: { "if-match": "*" }, body: '{"falseAlarm":0.1}' };
    const response = await other.ask("/api/detectors/other/threshold", init);
    expect([response.status, await response.json()]).toEqual([
      503,
      expect.objectContaining({ fault: expect.objectContaining({ subject: "audit", code: "unwritable" }) }),
    ]);
    expect(await readFile(made.at("detectors", "other", "detector.json"), "utf8")).toBe(before);
  } finally {
    await other.close();
  }
});

test("images are answered throughout a change, by the former or the new threshold", async () => {
  const { detector } = await reader().threshold("small");
  let changed = false;
  const seen = new Set<number | null>();
  const ask = async (): Promise<void> => {
    while (!changed) seen.add((await reader().predict("small", files.slice(0, 1))).falseAlarm);
  };
  const asking = [ask(), ask(), ask()];
  await admin().setThreshold("small", detector.version, { falseAlarm: 0.35 });
  changed = true;
  await Promise.all(asking);
  for (const rate of seen) expect([0.15, 0.35]).toContain(rate);
  expect((await reader().predict("small", files.slice(0, 1))).falseAlarm).toBe(0.35);
});
