/** Detectors over HTTP: the Open Inference Protocol, scores of image files, and what operators need. */
export type { Place } from "./catalogue.ts";
export type { Log, LogRecord } from "./log.ts";
export { checkService, type Service, type ServiceOptions, startService } from "./service.ts";
export { type ServiceSettings, serviceSchema } from "./settings.ts";
export { type Scope, scopes } from "./tokens.ts";
