/** The studio's pages begin here. */
import { render } from "preact";
import "./styles.css";
import { Shell } from "./shell/shell.tsx";

render(<Shell />, document.getElementById("app")!);
