/** What is trained, as data and as a graph without numbers: the configuration and the models it describes. Pure. */
export {
  type FlowName,
  type ObjectiveConfiguration,
  type PhaseConfiguration,
  type PhaseName,
  parseConfiguration,
  phaseNames,
  preparationFields,
  type TrainingConfiguration,
  trainingSchema,
} from "./configuration.ts";
export { flowOf, type Model, modelOf, settingsOf } from "./models.ts";
export { type OutputWidths, outputWidths } from "./output-widths.ts";
export { describeIssue, type IssueParts, issueParts } from "./schema-issue.ts";
