/** What a page takes of the studio: addresses, the types of what is asked and answered, and how a run's log is folded. */
export { type Address, addresses, type RouteName } from "./addresses.ts";
export type { ApiTypes } from "./routes.ts";
export type { RunEvent, RunLine, RunState } from "./run-events.ts";
export { foldLine, type RunSummary, untold } from "./run-summary.ts";
export { trainCommandLine } from "./train-command-line.ts";
export type { TrainField } from "./train-form.ts";
