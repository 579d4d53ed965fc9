import { defineConfig } from "vitest/config";
import { testProjects } from "./test/projects.ts";

/** Plain `vitest run` runs all projects; only `cli` builds first, and files of `unit` share a process. */
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
          globalSetup: name === "cli" ? ["test/global-setup.ts"] : [],
          setupFiles: ["test/setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: "forks" as const,
          isolate: name !== "unit",
        },
      })),
  },
});
