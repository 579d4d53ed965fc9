/**
 * How the command line is built: into a few files, where the library has hundreds, so that a command starts in half the time. Beside it lie
 * the processes that it starts: it looks for them in its own folder. Packages stay where npm puts them, but for zod's hundred files.
 */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What the licence of a package asks of whoever hands on a copy. */
const noticeOf = ({ moduleIds }: { readonly moduleIds: readonly string[] }): string =>
  moduleIds.some((id) => id.includes("/node_modules/zod/"))
    ? "/*! zod: MIT License, Copyright (c) 2025 Colin McDonnell */"
    : "";

export default defineConfig({
  root: here(".."),
  publicDir: false,
  ssr: { noExternal: ["zod"] },
  build: {
    ssr: true,
    outDir: here("../dist/cli"),
    emptyOutDir: true,
    target: "node20",
    minify: false,
    rolldownOptions: {
      input: [
        ...["cli/main", "cli/program", "service/engine-worker", "studio/looking/look-worker", "studio/runs/job-worker"],
        ...["queue/part-worker", "runtime/device-worker", "benchmark/measuring-worker"],
      ].map((path) => here(`../src/${path}.ts`)),
      // What package.json says of side effects is said of the library.
      treeshake: { moduleSideEffects: [{ test: /\/src\//, sideEffects: true }] },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js", banner: noticeOf },
    },
    chunkSizeWarningLimit: 1500,
  },
});
