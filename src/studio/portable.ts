/** What a page takes of the studio: addresses, the types of what is asked and answered, and how a run's log is folded. */
export { type Address, addresses, type RouteName } from "./routes/addresses.ts";
export type { ApiTypes } from "./routes/routes.ts";
export { trainCommandLine } from "./routes/train-command-line.ts";
export type { TrainField } from "./routes/train-form.ts";
export type { RunEvent, RunLine, RunState } from "./runs/run-events.ts";
export { foldLine, type RunSummary, untold } from "./runs/run-summary.ts";
