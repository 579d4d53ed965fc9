/** How the studio's pages are built: into the package, beside the server that serves them. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  // Pages are served from the root and, exported, from anywhere.
  base: "./",
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "development|production"] },
  worker: { format: "es" },
  build: {
    outDir: here("../dist/studio/pages"),
    emptyOutDir: true,
    target: "es2022",
    rolldownOptions: { input: [here("index.html"), here("site.html")] },
    // The policy allows no `data:` but for images, and nothing needs more requests than this.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
});
