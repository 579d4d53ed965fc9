/** The built pages of the studio and the library for browsers, as old as their sources at most. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { takeLock } from "../src/data/index.ts";
import { newestSource } from "./sources.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** What the build writes last. */
const built = join(root, "dist/web/index.d.ts");

/** Builds the pages where their sources are younger. One process at a time does. */
export async function buildPages(): Promise<void> {
  if (areFresh()) return;
  mkdirSync(join(root, "dist"), { recursive: true });
  for (;;) {
    const outcome = await takeLock(join(root, "dist/pages.lock"));
    if ("lock" in outcome) {
      try {
        // In a process of its own: the bundler is large, and this one goes on to other tests.
        if (!areFresh()) execFileSync("npm", ["run", "--silent", "build:web"], { cwd: root, stdio: "pipe" });
      } finally {
        await outcome.lock.release();
      }
      return;
    }
    await wait(100);
  }
}

function areFresh(): boolean {
  return existsSync(built) && statSync(built).mtimeMs > Math.max(newestSource("web"), newestSource("src"));
}
