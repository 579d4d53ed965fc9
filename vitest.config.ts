import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { testProjects } from "./test/projects.ts";

/** Where projects find what others of the same run have compiled; it goes with the run, so that nothing in it is older. */
const modules = mkdtempSync(join(tmpdir(), "outglow-modules-"));
process.once("exit", () => rmSync(modules, { recursive: true, force: true }));

/** Plain `vitest run` runs all projects; `cli` and `alone` build first, and only files of `alone` have a process each. */
export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    experimental: { fsModuleCache: true, fsModuleCachePath: modules },
    reporters: ["default"],
    projects: Object.entries(testProjects())
      .filter(([, include]) => include.length > 0)
      .map(([name, include]) => ({
        test: {
          name,
          include: [...include],
          globalSetup: name === "cli" || name === "alone" ? ["test/global-setup.ts"] : [],
          setupFiles: ["test/setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: "forks" as const,
          isolate: name === "alone",
        },
      })),
  },
});
