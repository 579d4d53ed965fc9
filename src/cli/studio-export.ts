/** `outglow studio export`: a detector as a folder of static files. */
import { exportSite, type SiteRequest } from "../studio/index.ts";
import { openConsole } from "./console.ts";

export type { SiteRequest };

/** Writes the folder and says how it is served. */
export async function exportDetector(request: SiteRequest): Promise<void> {
  const output = openConsole(false);
  const { files, bytes } = await exportSite(request);
  output.note(`${files} files, ${(bytes / 1e6).toFixed(1)} MB: ${request.out}`);
  output.note("serve them with anything that serves files, such as python3 -m http.server in that folder");
}
