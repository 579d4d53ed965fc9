/** Which objective a configuration asks for. */
import { ConfigError } from "../base/index.ts";
import { modelOf, type PhaseName, settingsOf, type TrainingConfiguration } from "../model/index.ts";
import {
  classification,
  classLikelihood,
  classOutlierLikelihood,
  marginLikelihood,
  maximumLikelihood,
  type Objective,
  outlierLikelihood,
} from "./objectives/index.ts";

/** What a model of a configuration minimises. Throws as `modelOf`, and ConfigError for the margin loss with classes. */
export function objectiveOf(configuration: TrainingConfiguration, name: PhaseName): Objective {
  const model = modelOf(configuration, name);
  const settings = configuration.objective;
  switch (model.kind) {
    case "classifier":
      return classification(model.classifier, configuration.input, settingsOf(configuration, "classifier").exposed);
    case "class-conditional":
      if (settings.loss === "nll") return classLikelihood(model.top);
      if (settings.loss === "outlier") return classOutlierLikelihood(model.top, settings);
      throw new ConfigError("train: --objective margin expects a flow without classes, got --classes; leave one out");
    case "flow":
      if (name !== "normal" || settings.loss === "nll") return maximumLikelihood(model.flow);
      if (settings.loss === "outlier") return outlierLikelihood(model.flow, settings);
      return marginLikelihood(model.flow, settings);
  }
}
