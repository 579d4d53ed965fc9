/** The studio: pages on this machine that train detectors, show what they see and decide with them. */
export { type StudioRequest, type StudioSettings, studioSchema } from "./settings.ts";
export { type ExportedSite, exportSite, type SiteRequest } from "./site.ts";
export { type Studio, type StudioOptions, startStudio } from "./studio.ts";
