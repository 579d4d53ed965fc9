/** The studio's pages begin here. */
import { render } from "preact";
import "./styles.css";
import { pages } from "./shell/router.ts";
import { pageRoutes } from "./shell/routes.ts";
import { Shell } from "./shell/shell.tsx";

pages.value = pageRoutes;
render(<Shell />, document.getElementById("app")!);
