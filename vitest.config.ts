import { defineConfig } from "vitest/config";
import { testProjects } from "./test/projects.ts";

/** Plain `vitest run` runs all projects; `cli` and `alone` build first, and only files of `alone` have a process each. */
export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
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
