/** An exported folder begins here: a detector in anybody's browser. */
import { render } from "preact";
import "../styles.css";
import { pages } from "../shell/router.ts";
import { Shell, siteName } from "../shell/shell.tsx";
import { readSite } from "./site-file.ts";

pages.value = [
  { path: "/", title: "Try", entry: "Try", load: async () => (await import("./try-page.tsx")).SiteTryPage },
  {
    path: "/scores",
    title: "Scores",
    entry: "Scores",
    load: async () => (await import("./scores-page.tsx")).SiteScoresPage,
  },
  {
    path: "/train",
    title: "Train",
    entry: "Train",
    load: async () => (await import("./train-page.tsx")).SiteTrainPage,
  },
  {
    path: "/paper",
    title: "Paper",
    entry: "Paper",
    load: async () => (await import("./paper-page.tsx")).SitePaperPage,
  },
];
readSite().then(
  ({ name }) => {
    siteName.value = name;
  },
  () => undefined,
);
const app = document.getElementById("app")!;
app.textContent = "";
render(<Shell />, app);
