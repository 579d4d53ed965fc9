/** Which page is shown: what stands behind `#` in the address, so that pages also work from a plain folder of files. */
import { computed, signal } from "@preact/signals";
import type { PageRoute } from "./routes.ts";

/** The pages that there are, in the order of the navigation: the studio's, or those of a folder of files. */
export const pages = signal<readonly PageRoute[]>([]);

/** The address behind `#`. */
export const address = signal(read());

window.addEventListener("hashchange", () => {
  address.value = read();
});

function read(): string {
  return location.hash.replace(/^#/, "") || "/";
}

/** A page and the parts of its address. */
export interface Match {
  readonly route: PageRoute;
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** The page of the address; undefined where there is none. */
export const match = computed(() => matchOf(address.value, pages.value));

/** Finds the page of an address. */
function matchOf(at: string, routes: readonly PageRoute[]): Match | undefined {
  const [path = "/", search = ""] = at.split("?", 2);
  for (const route of routes) {
    const parts = partsOf(path, route.path);
    if (parts) return { route, parts, query: new URLSearchParams(search) };
  }
  return undefined;
}

function partsOf(path: string, pattern: string): Record<string, string> | undefined {
  const [given, wanted] = [path, pattern].map((one) => one.split("/").filter((part) => part !== ""));
  if (given!.length !== wanted!.length) return undefined;
  const parts: Record<string, string> = {};
  for (const [index, part] of wanted!.entries()) {
    const value = given![index]!;
    if (part.startsWith(":")) parts[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return undefined;
  }
  return parts;
}

/** Goes to a page. */
export function goTo(path: string): void {
  location.hash = path;
}
