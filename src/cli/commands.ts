/** Every command by its name, in the order of the help: made when it is needed. */
import type { Command } from "commander";

/** What makes each of them. */
export const commandMakers = {
  train: async () => (await import("./train-command.ts")).trainCommand(),
  predict: async () => (await import("./predict-command.ts")).predictCommand(),
  evaluate: async () => (await import("./evaluate-command.ts")).evaluateCommand(),
  watch: async () => (await import("./watch-command.ts")).watchCommand(),
  scores: async () => (await import("./scores-command.ts")).scoresCommand(),
  calibrate: async () => (await import("./calibrate-command.ts")).calibrateCommand(),
  analyze: async () => (await import("./analyze-command.ts")).analyzeCommand(),
  sample: async () => (await import("./sample-command.ts")).sampleCommand(),
  find: async () => (await import("./find-command.ts")).findCommand(),
  data: async () => (await import("./data-command.ts")).dataCommand(),
  export: async () => (await import("./export-command.ts")).exportCommand(),
  verify: async () => (await import("./verify-command.ts")).verifyCommand(),
  serve: async () => (await import("./serve-command.ts")).serveCommand(),
  job: async () => (await import("./job-command.ts")).jobCommand(),
  worker: async () => (await import("./worker-command.ts")).workerCommand(),
  studio: async () => (await import("./studio-command.ts")).studioCommand(),
  benchmark: async () => (await import("./benchmark-command.ts")).benchmarkCommand(),
  doctor: async () => (await import("./doctor-command.ts")).doctorCommand(),
  completion: async () => (await import("./completion-command.ts")).completionCommand(allCommands),
  quickstart: async () => (await import("./quickstart-command.ts")).quickstartCommand(),
  reproduce: async () => (await import("./reproduce-command.ts")).reproduceCommand(),
} as const satisfies Readonly<Record<string, () => Promise<Command>>>;

/** All of them at once. */
export function allCommands(): Promise<readonly Command[]> {
  return Promise.all(Object.values(commandMakers).map((make): Promise<Command> => make()));
}
