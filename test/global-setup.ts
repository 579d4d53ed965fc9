/** Builds once before any test: some of them run the command line as it is installed. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Every project that needs it asks for this module anew, in one process. */
const built = Symbol.for("outglow is built");

export default function build(): void {
  if (Reflect.has(globalThis, built)) return;
  Reflect.set(globalThis, built, true);
  const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  const project = fileURLToPath(new URL("../tsconfig.build.json", import.meta.url));
  execFileSync(process.execPath, [compiler, "-p", project], { stdio: "inherit" });
}
