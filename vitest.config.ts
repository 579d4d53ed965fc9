import { defineConfig } from "vitest/config";
import { testProjects } from "./test/projects.ts";

/** Plain `vitest run` runs all three projects; only `cli` builds first. */
export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default"],
    projects: Object.entries(testProjects()).map(([name, include]) => ({
      test: {
        name,
        include: [...include],
        globalSetup: name === "cli" ? ["test/global-setup.ts"] : [],
        setupFiles: ["test/setup.ts"],
        testTimeout: 60_000,
        hookTimeout: 60_000,
        pool: "forks" as const,
      },
    })),
  },
});
