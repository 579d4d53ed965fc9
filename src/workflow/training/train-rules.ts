/** Which settings of a training go together, and what one of them says about another. Light, as `train-request.ts`. */
import { ConfigError, setting } from "../../base/index.ts";
import { readTrainRequest, type TrainRequest, type TrainSetting, type TrainSettings } from "./train-request.ts";

/** Where the images of a training are. */
export interface ImageLocations {
  /** What the flow called normal is trained on, and the setting that said so. */
  readonly normal: string;
  readonly normalSetting: "normal" | "general";
  readonly general: string | undefined;
  readonly outliers: string | undefined;
}

/** The settings of a request for a new run that can be one, as far as that is known without looking at any file. Throws ConfigError for one that cannot. */
export function checkTrainRequest(request: TrainRequest): TrainSettings {
  const settings = readTrainRequest(request);
  imageLocations(settings);
  return settings;
}

/** Where the images are. Throws ConfigError for settings that do not go together. */
export function imageLocations(settings: TrainSettings): ImageLocations {
  checkGeneral(settings);
  checkOutliers(settings);
  checkPlaces(settings);
  const { as: role, normal, general, outliers } = settings;
  if (role === "general") return generalImages(settings);
  if (normal === undefined) {
    throw new ConfigError({
      code: "missing-setting",
      subject: setting("normal"),
      expected: "normal images",
      got: "none",
      remedy: { key: "other", text: `e.g. ${setting("normal", "good/")}` },
    });
  }
  return { normal, normalSetting: "normal", general, outliers };
}

function checkGeneral({ as: role, general, generalDetector, generalSteps, generalTime }: TrainSettings): void {
  if (general !== undefined && generalDetector !== undefined) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting("general"),
      expected: `it or ${setting("generalDetector")}`,
      got: "both",
      remedy: { key: "choose-one" },
    });
  }
  if ((generalSteps ?? generalTime) === undefined || (general !== undefined && role === "detector")) return;
  const [name, alone] = generalSteps === undefined ? ["generalTime", "time"] : ["generalSteps", "steps"];
  const instead = role === "general" ? setting(alone!) : setting("general");
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting(name!),
    expected: "a general model that is trained beside a normal one",
    got: "none",
    remedy: { key: "other", text: `give ${instead} or leave it out` },
  });
}

function checkOutliers({ outliers, objective, classifier }: TrainSettings): void {
  if (outliers === undefined || objective !== "nll" || classifier === "exposed") return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("outliers"),
    expected: `${setting("objective", "outlier")} or margin, or ${setting("classifier", "exposed")}`,
    got: "none of them",
    remedy: { key: "other", text: "give one" },
  });
}

function checkPlaces({
  faults,
  faultSteps,
  faultsLike,
  cells,
  cellSteps,
  encoder,
  encoderMode,
  encoderFlow,
  as: role,
}: TrainSettings): void {
  const looksAt = { faults, cells, encoder: encoder !== undefined };
  const needs: readonly (readonly [TrainSetting, unknown, readonly (keyof typeof looksAt)[]])[] = [
    ["faultSteps", faultSteps, ["faults"]],
    ["faultsLike", faultsLike, ["faults"]],
    ["cells", cells || undefined, ["faults"]],
    ["cellSteps", cellSteps, ["cells"]],
    ["encoderMode", encoderMode, ["encoder"]],
    ["encoderFlow", encoderFlow || undefined, ["encoder"]],
  ];
  for (const [name, given, ways] of needs) {
    if (given === undefined || ways.some((way) => looksAt[way])) continue;
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting(name),
      expected: ways.map((way) => setting(way)).join(" or "),
      got: "none",
      remedy: { key: "other", text: "give it, too" },
    });
  }
  const unwanted = (["faults", "encoder"] as const).find((name) => looksAt[name]);
  if (unwanted === undefined || role === "detector") return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("as", "general"),
    expected: "nothing but images",
    got: setting(unwanted),
    remedy: { key: "other", text: "leave it out" },
  });
}

/** The images of a general model that is trained alone. */
function generalImages({
  normal,
  general,
  generalDetector,
  local,
  classes,
  classifier,
  objective,
}: TrainSettings): ImageLocations {
  const subject = setting("as", "general");
  const unwanted: readonly [TrainSetting, boolean][] = [
    ["generalDetector", generalDetector !== undefined],
    ["local", local],
    ["classes", classes],
    ["classifier", classifier !== undefined],
  ];
  const found = unwanted.find(([, given]) => given)?.[0];
  if (found || objective !== "nll") {
    throw new ConfigError({
      code: "conflicting-settings",
      subject,
      expected: "nothing but images",
      got: found ? setting(found) : setting("objective", objective),
      remedy: { key: "other", text: "leave it out" },
    });
  }
  if (normal !== undefined && general !== undefined) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject,
      expected: `images in ${setting("general")}`,
      got: `${setting("normal")} as well`,
      remedy: { key: "other", text: "leave one out" },
    });
  }
  const images = general ?? normal;
  if (images === undefined) {
    throw new ConfigError({
      code: "missing-setting",
      subject,
      expected: `images in ${setting("general")}`,
      got: "none",
      remedy: { key: "other", text: `e.g. ${setting("general", "photos/")}` },
    });
  }
  return {
    normal: images,
    normalSetting: general === undefined ? "normal" : "general",
    general: undefined,
    outliers: undefined,
  };
}

/** Where the normal flow starts. Throws ConfigError where it is to start from a general model that is not there. */
export function startOf({ init, general, generalDetector, as: role }: TrainSettings): "general" | "fresh" | "detector" {
  if (init === "fresh") return "fresh";
  if (init !== undefined && init !== "general") return "detector";
  if ((general !== undefined && role === "detector") || generalDetector !== undefined) return "general";
  if (init === undefined) return "fresh";
  throw new ConfigError({
    code: "missing-setting",
    subject: setting("init", "general"),
    expected: "a general model",
    got: "none",
    remedy: { key: "other", text: `give ${setting("general")} or ${setting("generalDetector")}` },
  });
}

/** The detector that `init` names, if it names one. */
export function startFolder({ init }: TrainSettings): string | undefined {
  return init === "general" || init === "fresh" ? undefined : init;
}

/** Throws ConfigError for settings of a loss, or of a classifier, that the request does not ask for. */
export function checkLoss(settings: TrainSettings): void {
  const { objective, classes, general, generalDetector, classifier, classifierSteps } = settings;
  if (classifierSteps !== undefined && classifier === undefined) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting("classifierSteps"),
      expected: `${setting("classifier", "plain")} or exposed`,
      got: "none",
      remedy: { key: "other", text: "give one" },
    });
  }
  const fitting: readonly TrainSetting[] = {
    nll: [],
    outlier: ["outlierWeight", "outlierTemperature"] as const,
    margin: ["outlierWeight", "margin"] as const,
  }[objective];
  const all = ["outlierWeight", "outlierTemperature", "margin"] as const;
  const wrong = all.find((name) => settings[name] !== undefined && !fitting.includes(name));
  if (wrong) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting(wrong),
      expected: `another ${setting("objective")}`,
      got: objective,
      remedy: { key: "other", text: "leave it out" },
    });
  }
  if (objective === "margin" && classes) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting("objective", "margin"),
      expected: "a flow without classes",
      got: setting("classes"),
      remedy: { key: "other", text: "leave one out" },
    });
  }
  if (objective === "outlier" && general === undefined && generalDetector === undefined) {
    throw new ConfigError({
      code: "missing-setting",
      subject: setting("objective", "outlier"),
      expected: "a general model to compare with",
      got: "none",
      remedy: { key: "other", text: `give ${setting("general")} or ${setting("generalDetector")}` },
    });
  }
}
