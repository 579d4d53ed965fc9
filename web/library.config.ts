/**
 * How `outglow/web` is built, after the studio's pages: modules for any bundler or none, workers and declarations beside them. The engine's
 * binaries, most of the package's size, are the very files of the pages, which find them here (`src/studio/pages.ts`).
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const out = here("../dist/web");

/** The binaries by what `EngineFiles` calls them. */
const binaries = {
  wasm: /^ort-wasm-simd-threaded-.*\.wasm$/,
  mjs: /^ort-wasm-simd-threaded-.*\.mjs$/,
  webgpuWasm: /^ort-wasm-simd-threaded\.asyncify-.*\.wasm$/,
  webgpuMjs: /^ort-wasm-simd-threaded\.asyncify-.*\.mjs$/,
  jpeg: /^jpeg-turbo-.*\.wasm$/,
};

/** Addresses in the one form that bundlers understand and browsers do as they are; a build here would rewrite it. */
function placesText(names: Readonly<Record<string, string>>): string {
  const files = Object.entries(names).map(
    ([key, name]) => `    ${key}: new URL("./assets/${name}", import.meta.url).href,\n`,
  );
  const worker = (name: string): string =>
    `export function ${name}Worker() {\n  return new Worker(new URL("./${name}-worker.js", import.meta.url), { type: "module", name: "outglow ${name}" });\n}\n`;
  return `export function bundledFiles() {\n  return {\n${files.join("")}  };\n}\n${worker("scoring")}${worker("training")}`;
}

/** Moves the binaries from the pages, and says where they and the workers are. */
function ownPlaces(): Plugin {
  return {
    name: "outglow places",
    enforce: "pre",
    // ONNX Runtime asks for its own address in a form that bundlers take for a file; it never needs it, as it is told all addresses.
    transform: (code, id) =>
      id.includes("onnxruntime-web")
        ? code.replaceAll(/new \w+\("ort\.\w+\.min\.mjs",\s*import\.meta\.url\)\.href/g, "import.meta.url")
        : undefined,
    resolveId: (id) => (id === "./places.ts" ? { id: "./places.js", external: true } : undefined),
    writeBundle() {
      const from = here("../dist/studio/pages/assets");
      mkdirSync(join(out, "assets"), { recursive: true });
      const names = Object.entries(binaries).map(([key, pattern]) => {
        const name = readdirSync(from).find((one) => pattern.test(one));
        if (name === undefined) throw new Error(`the studio's pages hold no ${pattern}: build them first`);
        renameSync(join(from, name), join(out, "assets", name));
        return [key, name];
      });
      writeFileSync(join(out, "places.js"), placesText(Object.fromEntries(names)));
    },
  };
}

/** Writes the declarations of what the entry offers, whose types `npm run typecheck` checks with all others; what they say of the program is declared beside it already. */
function declarations(): Plugin {
  return {
    name: "outglow declarations",
    closeBundle() {
      const folder = mkdtempSync(join(tmpdir(), "outglow-types-"));
      try {
        const compiler = here("../node_modules/typescript/bin/tsc");
        const settings = ["-p", here("tsconfig.library.json"), "--outDir", folder];
        execFileSync(process.execPath, [compiler, ...settings], { stdio: "inherit" });
        for (const name of ["messages", "sent-bytes", "training", "index"]) {
          const text = readFileSync(join(folder, "web/engine", `${name}.d.ts`), "utf8");
          const own = text.replaceAll("../../src/", "../").replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"');
          writeFileSync(join(out, `${name}.d.ts`), own);
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

export default defineConfig({
  root: here("."),
  publicDir: false,
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "development|production"] },
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [ownPlaces(), declarations()],
  build: {
    outDir: out,
    emptyOutDir: true,
    target: "es2022",
    lib: {
      entry: {
        index: here("engine/index.ts"),
        "scoring-worker": here("engine/scoring-worker.ts"),
        "training-worker": here("engine/training-worker.ts"),
      },
      formats: ["es"],
    },
    rolldownOptions: { output: { chunkFileNames: "chunks/[name]-[hash].js" } },
    chunkSizeWarningLimit: 600,
  },
});
