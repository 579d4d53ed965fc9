/** Names of paths inside folders and archives: order and how they are shown. */

/** Sorts by UTF-16 code units, the same on every machine whatever its locale. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The folders of a path, outermost first. */
export function foldersOf(path: string): string[] {
  return path.split("/").slice(0, -1);
}

/** A path inside a location as a person may type it. */
export function showPath(location: string, path: string): string {
  const folder = location.replace(/[\\/]+$/, "");
  return folder === "." ? path : `${folder}/${path}`;
}

/** The first few of some names in quotes, and how many more there are. */
export function listNames(names: readonly string[], most = 12): string {
  const shown = names.slice(0, most).map((name) => `'${name}'`);
  return names.length > most ? `${shown.join(", ")} and ${names.length - most} more` : shown.join(", ");
}
