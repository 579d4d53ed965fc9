/** How old the sources are: what is built from them is built again where it is older. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** When the youngest source at a path from the root was written, ms since 1970; tests are none. */
export function newestSource(path: string): number {
  const place = join(root, path);
  if (!statSync(place).isDirectory()) return path.endsWith(".test.ts") ? 0 : statSync(place).mtimeMs;
  return Math.max(0, ...readdirSync(place).map((name) => newestSource(join(path, name))));
}
