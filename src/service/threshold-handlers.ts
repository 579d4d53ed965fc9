/** How detectors decide: asked for, changed and taken back. A change is written into the detector's manifest, where every other command reads it. */
import { basename } from "node:path";
import { ConfigError, FormatError, isUserError } from "../base/index.ts";
import { type Manifest, type Recalibrated, undoCalibration } from "../detector/index.ts";
import { smallestFalseAlarm } from "../score/index.ts";
import {
  type DecisionOptions,
  decisionOf,
  missingExpected,
  setDecision,
  shortageOf,
  wishedRule,
} from "../workflow/index.ts";
import type { AuditEntry } from "./audit.ts";
import { readJson } from "./bodies.ts";
import { type Place, type ServedDetector, versionOf, withoutPaths } from "./catalogue.ts";
import { badRequest, conflict, Refusal } from "./refusals.ts";
import { type Call, type Handler, type Handlers, json, type ServiceParts } from "./requests.ts";
import { type DecisionState, thresholdBody } from "./schemas.ts";

const threshold: Handler = ({ parts: { id } }, { catalogue }) => {
  const { version, manifest } = catalogue.find(id!);
  return answer({ id: id!, version, manifest, served: true });
};

const setThreshold: Handler = async (call, parts) => {
  const { score, ...settings } = readJson(await parts.bodies.read(call.request), thresholdBody);
  const rule = wishedRule(settings);
  if (rule === undefined && score === undefined) {
    throw badRequest("request", "falseAlarm, threshold, budget, fdr or a score", "none of them");
  }
  if (rule?.kind === "budget" && rule.expected === undefined) throw missingExpected();
  return change(call, parts, "threshold", async ({ folder }, { manifest }, begin) => {
    const wished: DecisionOptions = { score, ...(rule && { rule }) };
    // Everything that can be wrong with it is found before anything is written.
    const decision = decisionOf({ manifest }, wished);
    const to = { score: decision.score, rule: rule ?? manifest.decision ?? null };
    return begin(to, () => setDecision(folder, manifest, { rule, score }));
  });
};

const undoThreshold: Handler = (call, parts) =>
  change(call, parts, "undo", ({ folder }, { manifest }, begin) =>
    begin(undefined, () => undoCalibration(folder, manifest)),
  );

/** Writes a change down and makes it. */
type Begin = (to: object | undefined, make: () => Promise<Recalibrated>) => Promise<Recalibrated>;

/**
 * Changes a detector that is as its caller knows it, and serves what it is then. Throws Refusal: 428 without If-Match, 412 where the detector is
 * another than it names, 409 where its folder holds another than is served.
 */
async function change(
  call: Call,
  { catalogue, audit }: ServiceParts,
  action: AuditEntry["action"],
  work: (place: Place, served: ServedDetector, begin: Begin) => Promise<Recalibrated>,
): Promise<globalThis.Response> {
  const id = call.parts.id!;
  const { request, id: requestId, caller = null } = call;
  const wanted = readIfMatch(request.headers.get("if-match"));
  return audit.alone(async () => {
    const place = catalogue.place(id);
    const served = catalogue.find(id);
    if (wanted !== "*" && !wanted.includes(served.version)) {
      const fault = { code: "mismatch", subject: "header If-Match", expected: `"${served.version}"` } as const;
      throw new Refusal(412, { ...fault, got: "the version of another time" });
    }
    const entry = { action, request: requestId, caller, detector: id };
    const begin: Begin = async (to, make) => {
      const about = { ...entry, from: { version: served.version, ...ruleOf(served.manifest) }, ...(to && { to }) };
      const { outcome } = await audit.change(about, async () => {
        const made = await make();
        const told = { version: await versionOf(place.folder), kept: basename(made.kept), to: ruleOf(made.manifest) };
        return { outcome: made, told };
      });
      return outcome;
    };
    const { manifest } = await work(place, served, begin).catch((error: unknown) => {
      throw refusalOf(error, place);
    });
    await catalogue.scan();
    const now = place.served;
    const isServed = now !== undefined && JSON.stringify(now.manifest) === JSON.stringify(manifest);
    return answer({ id, version: isServed ? now.version : await versionOf(place.folder), manifest, served: isServed });
  });
}

function ruleOf({ defaultScore, decision }: Manifest): object {
  return { score: defaultScore, rule: decision ?? null };
}

function answer(state: {
  readonly id: string;
  readonly version: string;
  readonly manifest: Manifest;
  readonly served: boolean;
}): globalThis.Response {
  const { id, version, manifest, served } = state;
  const decision = decisionOf({ manifest }, {});
  const body: DecisionState = {
    detector: { id, version },
    served,
    score: decision.score,
    saved: manifest.decision ? { ...manifest.decision } : null,
    rule: decision.words,
    falseAlarm: decision.falseAlarm,
    threshold: decision.threshold,
    smallestFalseAlarm: smallestFalseAlarm(manifest.calibration.count),
    shortage: shortageOf(decision.rule, manifest.calibration, decision.score) ?? null,
    undoable: manifest.formerCalibration !== undefined,
  };
  // What is written counts for every other program at once; here the former detector goes on until the new one has passed its check.
  const made = json(body, served ? 200 : 202);
  made.headers.set("etag", `"${version}"`);
  return made;
}

/** The versions that a change is for. */
function readIfMatch(header: string | null): readonly string[] | "*" {
  if (header === null) {
    const expected = 'the ETag of the detector that is changed, or "*"';
    throw new Refusal(428, { code: "missing-setting", subject: "header If-Match", expected, got: "none" });
  }
  if (header.trim() === "*") return "*";
  return Array.from(header.matchAll(/"([^"]*)"/g), ([, version]) => version!);
}

/** What stopped a change, as an answer: nothing has changed. */
function refusalOf(error: unknown, place: Place): unknown {
  if (!isUserError(error) || !error.fault) return error;
  const fault = withoutPaths(error.fault, place);
  if (fault.code === "busy") return conflict(fault);
  if (error instanceof ConfigError) return new Refusal(fault.code === "not-found" ? 409 : 400, fault);
  return error instanceof FormatError ? conflict(fault) : new Refusal(503, fault, 1);
}

/** The handlers of `/api/detectors/:id/threshold`. */
export const thresholdHandlers = { threshold, setThreshold, undoThreshold } as const satisfies Partial<Handlers>;
