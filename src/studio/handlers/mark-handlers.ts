/** What a person says of images, and calibrating on it. */
import { undoCalibration } from "../../detector/index.ts";
import { badRequest } from "../../service/index.ts";
import { useOf } from "../looking/looking-requests.ts";
import { imageOf, type Scoring } from "../looking/scorings.ts";
import type { ApiTypes } from "../routes/routes.ts";
import type { Handlers, StudioParts } from "./requests.ts";
import { describeRun } from "./run-handlers.ts";
import { detectorOf, findScoring } from "./scoring-handlers.ts";

export const markHandlers: Pick<Handlers, "marks" | "mark" | "undoMarks" | "calibrate" | "undoCalibration"> = {
  async marks({ parts: { run } }, parts) {
    return describeMarks(parts, await parts.scorings.read(findScoring(parts, run!).id));
  },
  async mark({ parts: { run }, body: { images, mark } }, parts) {
    const scoring = await parts.scorings.read(findScoring(parts, run!).id);
    const places = images.map((image) => {
      const { set, position } = imageOf(scoring, String(image));
      return { location: set.location, name: set.names[position]! };
    });
    await parts.marks.set(places, mark);
    return describeMarks(parts, scoring);
  },
  async undoMarks({ parts: { run } }, parts) {
    const scoring = await parts.scorings.read(findScoring(parts, run!).id);
    await parts.marks.undo();
    return describeMarks(parts, scoring);
  },
  async calibrate({ parts: { run: id }, body }, parts) {
    const run = findScoring(parts, id!);
    const scoring = await parts.scorings.read(run.id);
    const { said } = await detectorOf(parts, run);
    const { path } = await parts.detectors.manifest(said.detector ?? "");
    const sets = scoring.sets.flatMap(({ place, kind, location, names, indices }) => {
      // What a detector is calibrated on already has had a part in its fits.
      if (kind === "held-out") return [];
      const marks = parts.marks.of(location);
      const whole = body.sets.includes(place);
      const taken = [...names.keys()].filter((position) => {
        const mark = marks.get(names[position]!);
        return mark === "normal" || (whole && mark !== "anomalous");
      });
      if (taken.length === 0) return [];
      const images = { indices: taken.map((at) => indices[at]!), names: taken.map((at) => names[at]!) };
      return [{ location, use: useOf(kind), ...images }];
    });
    if (sets.length === 0) throw badRequest("calibration", "images that are marked as normal", "none");
    const calibration = await parts.runs.start({
      kind: "calibrate",
      name: `Calibration of ${said.detectorName}`,
      out: path,
      command: null,
      request: { detector: path, sets },
    });
    return describeRun(calibration, parts);
  },
  async undoCalibration({ parts: { detector } }, { detectors, news }) {
    const { path, manifest } = await detectors.manifest(detector!);
    await undoCalibration(path, manifest);
    news.tell();
    return { done: true };
  },
};

function describeMarks({ marks }: StudioParts, { sets }: Scoring): ApiTypes["marks"]["answer"] {
  const marked = { normal: [] as number[], anomalous: [] as number[] };
  for (const { location, names, first } of sets) {
    const own = marks.of(location);
    if (own.size === 0) continue;
    for (const [position, name] of names.entries()) {
      const mark = own.get(name);
      if (mark) marked[mark].push(first + position);
    }
  }
  const last = marks.last();
  return { ...marked, undo: last ? { count: last.images.length, mark: last.mark, at: last.at } : null };
}
