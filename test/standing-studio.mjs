/**
 * `outglow studio` for tests: the built program, which ends with the process of tests that began it, however that ends, pauses what trains and
 * takes its folder along.
 */
import { rmSync } from "node:fs";

const [folder] = process.argv.slice(3);
process.once("disconnect", () => {
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  process.kill(process.pid, "SIGTERM");
});
await import("../dist/cli/main.js");
