/** An exported folder begins here: a detector in anybody's browser. */
import { render } from "preact";
import "../styles.css";
import { pages } from "../shell/router.ts";
import { Shell, siteName } from "../shell/shell.tsx";
import { readSite } from "./site-file.ts";

pages.value = [
  { path: "/", title: "Try", entry: "Try", load: async () => (await import("./try-page.tsx")).SiteTryPage },
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
