/** Builds once before any test, where sources are younger than what is built: some tests run the command line as it is installed. */
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { newestSource } from "./sources.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** What the build writes last. */
const built = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** Every project that needs it asks for this module anew, in one process. */
const isBuilt = Symbol.for("outglow is built");

export default function build(): void {
  if (Reflect.has(globalThis, isBuilt)) return;
  Reflect.set(globalThis, isBuilt, true);
  const sources = ["src", "packaging", "package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"];
  if (existsSync(built) && statSync(built).mtimeMs > Math.max(...sources.map(newestSource))) return;
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
}
