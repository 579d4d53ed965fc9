/** Detectors over HTTP: the Open Inference Protocol, scores of image files, and what operators need. Also what any server of ours is made of. */
export { checkHost, securityHeaders } from "./access.ts";
export { makeBodyReader, readJson } from "./bodies.ts";
export type { Place } from "./catalogue.ts";
export { type Described, type DescribedField, type DescribedGroup, describeRoutes } from "./described.ts";
export { makeHttpServer } from "./http-server.ts";
export type { Log, LogRecord } from "./log.ts";
export { openApiDocument } from "./openapi.ts";
export { asRefusal, badRequest, conflict, faultBody, notFound, Refusal, tooBusy, tooLarge } from "./refusals.ts";
export { json } from "./requests.ts";
export { checkService, type Service, type ServiceOptions, startService } from "./service.ts";
export { type ServiceSettings, serviceSchema } from "./settings.ts";
export { type Scope, scopes } from "./tokens.ts";
