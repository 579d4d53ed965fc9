/** Trainings: their form, what is wrong with a request, and how they begin. */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { ConfigError, describeFault, setting } from "../../base/index.ts";
import { isBuiltin, locateImages } from "../../data/index.ts";
import { checkTrainRequest, type TrainRequest, type TrainSettings, trainingSeconds } from "../../workflow/index.ts";
import { trainCommandLine } from "../routes/train-command-line.ts";
import { durations, trainFields } from "../routes/train-form.ts";
import { isAtWork } from "../runs/runs.ts";
import type { Handlers, StudioParts } from "./requests.ts";
import { describeRun } from "./run-handlers.ts";

export const trainHandlers: Pick<Handlers, "trainForm" | "checkTraining" | "train"> = {
  trainForm: () => ({ fields: trainFields(), durations: [...durations] }),
  async checkTraining({ body: { request } }, parts) {
    try {
      const { seconds, guessed } = trainingSeconds(await checkTraining(request, parts));
      return { objection: null, seconds, guessed };
    } catch (error) {
      if (!(error instanceof ConfigError) || !error.fault) throw error;
      const name = /^\u2039([A-Za-z]+)\u203a$/.exec(error.fault.subject)?.[1] ?? null;
      return {
        objection: { setting: name, text: describeFault(error.fault, (word, value) => setting(word, value)) },
        seconds: null,
        guessed: false,
      };
    }
  },
  async train({ body: { request } }, parts) {
    const settings = await checkTraining(request, parts);
    const run = await parts.runs.start({
      kind: "train",
      name: settings.out,
      out: resolve(parts.folder, settings.out),
      command: trainCommandLine(request, durations),
      // The process of the run works in the studio's folder: locations are where the person who typed them means.
      request: request as TrainRequest,
    });
    return describeRun(run, parts);
  },
};

/** The settings of a request that can be begun, as far as is known without reading images. Throws ConfigError. */
async function checkTraining(
  request: Readonly<Record<string, unknown>>,
  { folder, detectors, runs }: StudioParts,
): Promise<TrainSettings> {
  const settings = checkTrainRequest(request as TrainRequest);
  for (const name of ["normal", "general", "outliers"] as const) {
    const location = settings[name];
    if (location !== undefined) await checkLocation(location, name, folder);
  }
  const out = resolve(folder, settings.out);
  const works = runs.list().some((run) => run.out === out && isAtWork(run.state));
  if (works || (!settings.force && (await detectors.idOf(out)) !== undefined)) {
    throw new ConfigError({
      code: works ? "busy" : "exists",
      subject: setting("out"),
      expected: "a new folder",
      got: works ? `'${settings.out}', in which a run works` : `'${settings.out}', which holds a detector`,
      remedy: works
        ? { key: "choose-another" }
        : { key: "other", text: `choose another, or replace it (${setting("force")})` },
    });
  }
  return settings;
}

/** Throws ConfigError where a location leads nowhere. Patterns and images that the program makes are left to whoever opens them. */
async function checkLocation(location: string, name: string, folder: string): Promise<void> {
  if (isBuiltin(location) || /[*?[]|:\/\//.test(location)) return;
  const { path } = await locateImages(resolve(folder, location), setting(name));
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there) return;
  throw new ConfigError({
    code: "not-found",
    subject: setting(name),
    expected: "images",
    got: `nothing at '${path}'`,
    remedy: { key: "other", text: "type the path of a folder or archive, from the studio's folder or from the root" },
  });
}
