/**
 * Which tests need what, told from what they import: `cli` the built program, `engine` ONNX Runtime, `unit` neither. With `--project unit`
 * nothing is built and no engine loaded. Files of a project share two processes and their modules: a test leaves nothing behind that another
 * would find there. `alone` are those that put something else in the place of a module; they may need what the others do.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export type ProjectName = "unit" | "alone" | "engine" | "cli";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What begins the program as it is installed, or imports a file of it. */
const builtProgram = /\b(?:run|start)Outglow(?:With)?\b|\b(?:shared|own)Studio\b|\.\.\/dist\//;

/** What replaces a module. */
const replacedModule = /\bvi\.(?:do)?[mM]ock\(/;

/** The paths of all tests, from the root, by project. */
export function testProjects(): Readonly<Record<ProjectName, readonly string[]>> {
  const tests = ["src", "test", "web"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".test.ts"))
      .map((path) => join(folder, path)),
  );
  const files = new Map<string, { readonly text: string; readonly imports: readonly string[] }>();
  const read = (path: string) => {
    const known = files.get(path) ?? readSource(path);
    files.set(path, known);
    return known;
  };
  const loadsEngine = (path: string, seen: Set<string>): boolean => {
    if (seen.has(path)) return false;
    seen.add(path);
    return path.startsWith(join("src", "runtime")) || read(path).imports.some((target) => loadsEngine(target, seen));
  };
  const projectOf = (path: string): ProjectName => {
    if (replacedModule.test(read(path).text)) return "alone";
    if (builtProgram.test(read(path).text)) return "cli";
    return loadsEngine(path, new Set()) ? "engine" : "unit";
  };
  const projects: Record<ProjectName, string[]> = { unit: [], alone: [], engine: [], cli: [] };
  for (const path of tests.sort()) projects[projectOf(path)].push(path);
  return projects;
}

/** A file and the files beside it that it loads: imports of types alone are gone once compiled. */
function readSource(path: string): { readonly text: string; readonly imports: readonly string[] } {
  const text = readFileSync(join(root, path), "utf8");
  const statements = text.matchAll(/^(?:import|export)\s+(?!type\s)(?:[\w*{][^;"]*?\sfrom\s+)?"(\.[^"]+\.ts)"/gm);
  const calls = text.matchAll(/\bimport\(\s*"(\.[^"]+\.ts)"/g);
  return { text, imports: [...statements, ...calls].map(([, target]) => join(dirname(path), target!)) };
}
