/**
 * MVTec's layout (Bergmann et al. 2019): `train/` and `test/` side by side, normal images in `train/good` and `test/good`, anomalies beside the latter.
 * Where there is no `test/`, `validation/` stands for it. Who names the folder above them and no split means one side of it, never anomalies as normal images and never images that were trained on.
 */
import { ConfigError } from "../base/index.ts";
import { listNames } from "./files/path-names.ts";
import { areMasks } from "./formats/image-files.ts";
import type { ImageCatalogue } from "./image-source.ts";
import type { Selection } from "./location.ts";

/** What images are opened for: to be trained on as normal, to be compared with as normal, to be found as anomalies. */
export type ImageUse = "training" | "comparison" | "anomalies";

type Side = "train" | "test" | "validation";

const sides: readonly (readonly [Side, RegExp])[] = [
  ["train", /^train(ing)?$/i],
  ["test", /^test(ing)?([_-](public|private)([_-]mixed)?)?$/i],
  ["validation", /^val(id|idation)?$/i],
];

/** Folders of normal images, where a side has one. */
const normalName = /^(good|normal|ok)$/i;

interface Place {
  /** The folder that holds the sides. */
  readonly root: string;
  readonly side: Side;
  /** The folder within the side in lower case, as sides of other hands differ in it; empty for none. */
  readonly label: string;
}

/** The indices that a use means, and the sentence that says so; undefined where the layout is another or the selection says which split. */
export function chooseSide(
  { format, length, splitNames }: ImageCatalogue,
  { split, classes }: Selection,
  use: ImageUse | undefined,
  subject: string,
): { readonly indices: Uint32Array; readonly remark: string } | undefined {
  if (use === undefined || split !== undefined || format !== "images") return undefined;
  const roots = new Map<string, { readonly sides: Set<Side>; readonly trained: Set<string> }>();
  for (let index = 0; index < length; index++) {
    const place = placeOf(splitNames(index));
    if (!place) continue;
    const root = roots.get(place.root) ?? { sides: new Set(), trained: new Set() };
    root.sides.add(place.side);
    if (place.side === "train") root.trained.add(place.label);
    roots.set(place.root, root);
  }
  const laidOut = [...roots].filter(([, found]) => found.sides.has("train") && found.sides.size > 1);
  if (laidOut.length === 0) return undefined;
  const normal = new Map(laidOut.map(([root, { trained }]) => [root, normalLabels(trained)]));
  const other = new Map(laidOut.map(([root, { sides }]) => [root, sides.has("test") ? "test" : "validation"] as const));
  const taken = new Set<string>();
  const chosen: number[] = [];
  for (let index = 0; index < length; index++) {
    const folders = splitNames(index);
    if (areMasks(folders)) continue;
    const place = placeOf(folders);
    const labels = place && normal.get(place.root);
    if (!place || !labels) {
      if (!isBelow(folders, normal)) chosen.push(index);
      continue;
    }
    const fits = classes !== undefined || labels.has(place.label) === (use !== "anomalies");
    if (place.side !== (use === "training" ? "train" : other.get(place.root)) || !fits) continue;
    chosen.push(index);
    taken.add(
      folders
        .slice(rootDepth(place.root))
        .slice(0, place.label === "" ? 1 : 2)
        .join("/"),
    );
  }
  if (taken.size === 0)
    throw nothingThere(use === "training" ? "train" : [...other.values()][0]!, use, normal, subject);
  const shown = listNames([...taken], 3);
  return {
    indices: Uint32Array.from(chosen),
    remark: `train and ${[...new Set(other.values())].join(" or ")} lie side by side: taken ${shown}; '#split=...' chooses otherwise`,
  };
}

function placeOf(folders: readonly string[]): Place | undefined {
  for (const [index, folder] of folders.entries()) {
    const side = sides.find(([, pattern]) => pattern.test(folder));
    if (side)
      return { root: folders.slice(0, index).join("/"), side: side[0], label: folders[index + 1]?.toLowerCase() ?? "" };
  }
  return undefined;
}

function normalLabels(trained: ReadonlySet<string>): ReadonlySet<string> {
  const normal = [...trained].filter((label) => normalName.test(label));
  return normal.length > 0 ? new Set(normal) : trained;
}

function isBelow(folders: readonly string[], roots: ReadonlyMap<string, unknown>): boolean {
  return folders.some((_, depth) => roots.has(folders.slice(0, depth).join("/"))) || roots.has(folders.join("/"));
}

function rootDepth(root: string): number {
  return root === "" ? 0 : root.split("/").length;
}

function nothingThere(
  side: Side,
  use: ImageUse,
  normal: ReadonlyMap<string, ReadonlySet<string>>,
  subject: string,
): ConfigError {
  const labels = [...new Set([...normal.values()].flatMap((names) => [...names]))].filter((name) => name !== "");
  return new ConfigError({
    code: "too-few-images",
    subject,
    expected: `${use === "anomalies" ? "anomalous" : "normal"} images in ${side}/${side === "train" ? "" : " beside train/"}`,
    got: `none ${use === "anomalies" ? "but" : "in"} ${labels.length > 0 ? listNames(labels, 3) : "it"}`,
    remedy: { key: "other", text: `say which with '#split=${side},class=...'` },
  });
}
