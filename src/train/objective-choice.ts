/** Which objective a configuration asks for. */
import { ConfigError, type ObjectiveName, setting } from "../base/index.ts";
import type { ClassConditional, Flow } from "../flow/index.ts";
import {
  modelOf,
  type ObjectiveConfiguration,
  type PhaseName,
  settingsOf,
  type TrainingConfiguration,
} from "../model/index.ts";
import {
  classification,
  classLikelihood,
  classOutlierLikelihood,
  marginLikelihood,
  maximumLikelihood,
  type Objective,
  outlierLikelihood,
} from "./objectives/index.ts";

type SettingsOf = { readonly [Name in ObjectiveName]: Extract<ObjectiveConfiguration, { readonly loss: Name }> };

/** What an objective is for a flow, and for one with a class-conditional top; null where it knows no classes. */
interface ObjectiveMakers<Settings> {
  readonly flow: (flow: Flow, settings: Settings) => Objective;
  readonly classes: ((top: ClassConditional, settings: Settings) => Objective) | null;
}

const makers: { readonly [Name in ObjectiveName]: ObjectiveMakers<SettingsOf[Name]> } = {
  nll: { flow: maximumLikelihood, classes: classLikelihood },
  outlier: { flow: outlierLikelihood, classes: classOutlierLikelihood },
  margin: { flow: marginLikelihood, classes: null },
};

/** What a model of a configuration minimises. Throws as `modelOf`, and ConfigError for the margin loss with classes. */
export function objectiveOf(configuration: TrainingConfiguration, name: PhaseName): Objective {
  const model = modelOf(configuration, name);
  const settings = configuration.objective;
  switch (model.kind) {
    case "classifier":
      return classification(model.classifier, configuration.input, settingsOf(configuration, "classifier").exposed);
    case "class-conditional":
      return ofClasses(settings.loss, model.top, settings);
    case "flow":
      return name === "normal" ? ofFlow(settings.loss, model.flow, settings) : maximumLikelihood(model.flow);
  }
}

function ofFlow<Name extends ObjectiveName>(name: Name, flow: Flow, settings: SettingsOf[Name]): Objective {
  return makers[name].flow(flow, settings);
}

function ofClasses<Name extends ObjectiveName>(
  name: Name,
  top: ClassConditional,
  settings: SettingsOf[Name],
): Objective {
  const { classes } = makers[name];
  if (classes !== null) return classes(top, settings);
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("objective", name),
    expected: "a flow without classes",
    got: setting("classes"),
    remedy: { key: "leave-out", what: "one of them" },
  });
}
