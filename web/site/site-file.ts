/** What an exported folder says of itself in `site.json`. */

/** What the folder holds. */
export interface SiteFile {
  readonly kind: "outglow site";
  /** What the detector is called. */
  readonly name: string;
  /** Whether the quickstart made the detector, so that its images can be made in the page. */
  readonly quickstart: boolean;
  /** Whether the file of another paper lies beside. */
  readonly paper: boolean;
}

/** Where things lie beside the page. */
export const siteAddresses = { site: "./site.json", detector: "./detector/", paper: "./paper.json" } as const;

let known: Promise<SiteFile> | undefined;

/** Reads it once. Throws where it is not there. */
export function readSite(): Promise<SiteFile> {
  known ??= fetch(siteAddresses.site).then(async (response) => {
    if (!response.ok)
      throw new Error(`site.json is not beside this page (${response.status}); export the folder again`);
    return (await response.json()) as SiteFile;
  });
  return known;
}
