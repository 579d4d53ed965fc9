/** What a browser page takes of the library: parsing, scoring and pixels, with neither Node nor a native engine behind them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { describe, expect, test } from "vitest";

const root = new URL("../src/", import.meta.url);
const { exports: offered } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  exports: Record<string, unknown>;
};
/** What a page imports. */
const doors = [
  ...["base/index.ts", "score/index.ts", "pixels/index.ts"],
  ...Object.keys(offered).flatMap((name) => (name.endsWith("/portable") ? [`${name.slice(2)}.ts`] : [])),
];
/** Packages that run anywhere. */
const portablePackages = ["zod", "@bufbuild/protobuf"];

/** Everything that is there when a file has been compiled and loaded: its own path and what it imports, types aside. */
function reach(start: string): Set<string> {
  const reached = new Set<string>();
  const walk = (url: URL): void => {
    if (reached.has(url.href)) return;
    reached.add(url.href);
    const statements = readFileSync(url, "utf8").matchAll(
      /^(?:import|export)\s+(type\s)?(?:[\w*{][^;"]*?\sfrom\s+)?"([^"]+)"/gm,
    );
    for (const [, type, target] of statements) {
      if (type) continue;
      if (target!.startsWith(".")) walk(new URL(target!, url));
      else reached.add(target!);
    }
  };
  walk(new URL(start, root));
  return reached;
}

describe.each(doors)("%s", (door) => {
  test("imports nothing of Node and no package that a browser lacks", () => {
    const foreign = [...reach(door)].filter((target) => !target.startsWith("file:"));
    const names = foreign.map((target) => target.split("/", target.startsWith("@") ? 2 : 1).join("/"));
    expect(names.filter((name) => !portablePackages.includes(name))).toEqual([]);
  });

  test("asks for nothing when it runs that it does not import", () => {
    const texts = [...reach(door)]
      .filter((target) => target.startsWith("file:"))
      .map((url) => readFileSync(new URL(url), "utf8"));
    expect(
      texts.filter((text) => /\bimport\(|\brequire\(|\bprocess\.|\bBuffer\.(from|alloc|concat)/.test(text)),
    ).toEqual([]);
  });
});

test("the walk sees what it has to see: the whole detector reaches Node, what loads sharp, and the engine", () => {
  const all = reach("detector/index.ts");
  const href = (path: string): string => new URL(path, root).href;
  expect([...all]).toEqual(
    expect.arrayContaining(["node:fs/promises", href("data/decoding/sharp-library.ts"), href("runtime/program.ts")]),
  );
});

test("it bundles for a browser, in one piece", async () => {
  const result = await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      minify: true,
      target: "es2022",
      lib: { entry: fileURLToPath(new URL("detector/portable.ts", root)), formats: ["es"], fileName: "portable" },
    },
  });
  const { output } = (result as Extract<typeof result, readonly unknown[]>)[0]!;
  expect(output).toHaveLength(1);
  const [chunk] = output;
  expect(chunk).toMatchObject({ imports: [], dynamicImports: [] });
  expect(chunk.exports).toEqual(expect.arrayContaining(["loadDetector", "parseManifest", "sampleImages"]));
  // Some 300 kB, most of it zod.
  expect(chunk.code.length).toBeLessThan(600_000);
});
