/** The paper, in an exported folder: that of the method, or another one whose file lies beside. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { OpenedPaper } from "../paper/opened-paper.tsx";
import { attempt } from "../shell/errors.ts";
import { readSite, type SiteFile, siteAddresses } from "./site-file.ts";

export function SitePaperPage(): JSX.Element {
  const site = useSignal<SiteFile | undefined>(undefined);
  useEffect(() => attempt(async () => (site.value = await readSite())), [site]);
  if (!site.value) return <h1>Paper</h1>;
  const { quickstart, paper } = site.value;
  const figures = quickstart ? { detector: siteAddresses.detector } : undefined;
  return <OpenedPaper other={paper ? siteAddresses.paper : undefined} figures={figures} />;
}
