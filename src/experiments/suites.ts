/** What the experiments are about: their usual data sets, where these lie, and which images are trained on and which compared. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, setting } from "../base/index.ts";
import {
  formatLocation,
  type ImageSource,
  isBuiltin,
  locateImages,
  type NamedLocation,
  openImages,
  type Selection,
} from "../data/index.ts";
import type { Watch } from "../workflow/index.ts";
import { type Locations, readConfig } from "./location-file.ts";
import type { ReproductionSettings } from "./request.ts";
import type { SuiteName } from "./suite-names.ts";

/** Where the images of an experiment are, as `openImages` takes it. */
export interface SuiteData {
  readonly normal: string;
  /** Normal images to compare with; null where they have to be held back from the others. */
  readonly test: string | null;
  readonly anomalous: readonly NamedLocation[];
  readonly general: string;
}

/** What a suite is by itself. */
export interface Suite {
  readonly title: string;
  /** Folder of the normal images, and a class of it. */
  readonly normal: { readonly folder: string; readonly class?: string };
  readonly anomalous: readonly { readonly name: string; readonly folder: string; readonly class?: string }[];
  readonly general: string;
  /** Absent where the images decide. */
  readonly channels?: 1 | 3;
  /** Whether a mirrored image is as normal as the image. */
  readonly flip: boolean;
}

const likeNamed = (...names: string[]): Suite["anomalous"] => names.map((name) => ({ name, folder: name }));

/** The suites with data of their own. */
export const suites: Readonly<Record<Exclude<SuiteName, "quick">, Suite>> = {
  fashion: {
    title: "Fashion-MNIST",
    normal: { folder: "fashion-mnist" },
    anomalous: likeNamed("mnist"),
    general: "emnist-letters",
    flip: false,
  },
  cifar: {
    title: "CIFAR-10",
    normal: { folder: "cifar-10" },
    anomalous: likeNamed("svhn", "cifar-100", "celeba", "lsun", "mnist-m"),
    general: "tiny-imagenet",
    flip: true,
  },
  medical: {
    title: "Brain scans",
    normal: { folder: "brain-mri", class: "normal" },
    anomalous: ["glioma", "meningioma", "pituitary"].map((name) => ({
      name,
      folder: "brain-mri",
      class: `${name}_tumor`,
    })),
    general: "builtin",
    channels: 1,
    flip: true,
  },
};

/**
 * The locations of a suite: those of the request, else those of its configuration file, else what its data folder holds. Throws ConfigError
 * for what is missing, and for a file or a folder that nothing is taken from.
 */
export async function locateData(suite: Suite, request: ReproductionSettings, watch: Watch = {}): Promise<SuiteData> {
  const { config, ...own } = request;
  const configured = config === undefined ? {} : await readConfig(config);
  if (config !== undefined) refuseUnusedConfig(config, configured, own);
  const given: Locations = { ...configured, ...withoutUndefined(own) };
  if (own.data !== undefined) refuseUnusedFolder(own.data, suite, given);
  const normal = given.normal ?? (await usualNormal(suite, given.data));
  const general = given.general ?? (await usualGeneral(suite, given.data));
  const sets = given.anomalous ?? (await usualAnomalous(suite, given.data, watch));
  refuseSameNames(sets);
  const compared = given.test === undefined ? await splitTest(normal) : { normal, test: given.test };
  return {
    ...compared,
    anomalous: await Promise.all(
      sets.map(async ({ name, location }) => ({
        name,
        location: await preferSplit(location, "test", setting("anomalous")),
      })),
    ),
    general: await preferSplit(general, "train", setting("general")),
  };
}

function refuseSameNames(sets: readonly NamedLocation[]): void {
  const twice = sets.find(({ name }, index) => name === "normal" || sets.findIndex((set) => set.name === name) < index);
  if (!twice) return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("anomalous"),
    expected: "a different name for every set",
    got: `'${twice.name}' again`,
    remedy: { key: "other", text: `name it, as in ${setting("anomalous", "NAME=DATA")}` },
  });
}

function withoutUndefined({ data, normal, test, anomalous, general }: Locations): Locations {
  return {
    ...(data === undefined ? {} : { data }),
    ...(normal === undefined ? {} : { normal }),
    ...(test === undefined ? {} : { test }),
    ...(anomalous === undefined ? {} : { anomalous }),
    ...(general === undefined ? {} : { general }),
  };
}

function refuseUnusedConfig(path: string, configured: Locations, own: Locations): void {
  const names = Object.keys(configured) as (keyof Locations)[];
  if (names.some((name) => own[name] === undefined)) return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("config"),
    expected: "a file with a location that is not given otherwise",
    got: `'${path}' with ${names.length === 0 ? "none" : names.join(", ")}`,
    remedy: { key: "leave-out", what: "one of both" },
  });
}

function refuseUnusedFolder(folder: string, suite: Suite, { normal, anomalous, general }: Locations): void {
  const isUsed = [normal, anomalous, isBuiltin(suite.general) ? suite.general : general].includes(undefined);
  if (isUsed) return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("data"),
    expected: "a folder of data sets that are not given otherwise",
    got: `'${folder}' beside ${setting("normal")}, ${setting("anomalous")}${general === undefined ? "" : ` and ${setting("general")}`}`,
    remedy: { key: "leave-out", what: "one of them" },
  });
}

async function usualNormal({ normal }: Suite, root: string | undefined): Promise<string> {
  const found = await findData(root, normal.folder);
  if (found !== undefined) return ofClass(found, normal.class);
  throw missing("normal images", normal.folder, root, setting("normal"));
}

async function usualGeneral({ general }: Suite, root: string | undefined): Promise<string> {
  if (isBuiltin(general)) return general;
  const found = await findData(root, general);
  if (found !== undefined) return found;
  throw missing("general images", general, root, `${setting("general")} or ${setting("general", "builtin")}`);
}

/** The suite's sets that the data folder holds. A warning names those that it lacks. */
async function usualAnomalous({ anomalous }: Suite, root: string | undefined, watch: Watch): Promise<NamedLocation[]> {
  const sets: NamedLocation[] = [];
  const absent: string[] = [];
  for (const set of anomalous) {
    const found = await findData(root, set.folder);
    if (found === undefined) absent.push(set.name);
    else sets.push({ name: set.name, location: await ofClass(found, set.class) });
  }
  if (sets.length === 0) {
    const names = [...new Set(anomalous.map(({ folder }) => folder))].join(" or ");
    throw missing("anomalous images", names, root, setting("anomalous"));
  }
  if (absent.length > 0) {
    watch.onEvent?.({ kind: "warning", text: `'${root}' lacks ${absent.join(", ")}; they are not compared` });
  }
  return sets;
}

function missing(what: string, name: string, root: string | undefined, settings: string): ConfigError {
  return new ConfigError({
    code: root === undefined ? "missing-setting" : "not-found",
    subject: what,
    expected: `'${name}' in the folder of ${setting("data")}`,
    got: root === undefined ? "no folder" : `nothing of that name in '${root}'`,
    remedy: { key: "give-setting", setting: root === undefined ? `${setting("data")} or ${settings}` : settings },
  });
}

/** A folder or archive of that name. */
async function findData(root: string | undefined, name: string): Promise<string | undefined> {
  if (root === undefined) return undefined;
  for (const ending of ["", ".tar", ".tar.gz"]) {
    const path = join(root, name + ending);
    if (await stat(path).catch(() => undefined)) return path;
  }
  return undefined;
}

async function ofClass(location: string, name: string | undefined): Promise<string> {
  return name === undefined ? location : addSelection(location, { classes: [name] });
}

/** A location with more selected. */
export async function addSelection(location: string, more: Selection): Promise<string> {
  const { path, selection } = await locateImages(location, "location");
  return formatLocation({ path, selection: { ...selection, ...more } });
}

/** The train and the test split of normal images, where they have both; else nothing to compare with. */
async function splitTest(location: string): Promise<Pick<SuiteData, "normal" | "test">> {
  const subject = setting("normal");
  if (isBuiltin(location)) return { normal: location, test: null };
  const { split } = (await locateImages(location, subject)).selection;
  const splits = await splitsOf(location, subject);
  if (!splits.has("train") || !splits.has("test")) return { normal: location, test: null };
  if (split === "train") return { normal: location, test: await normalSide(location, "test", subject) };
  if (split !== undefined) return { normal: location, test: null };
  return {
    normal: await normalSide(location, "train", subject),
    test: await normalSide(location, "test", subject),
  };
}

/** The normal images of a split: where anomalies lie beside them, as in MVTec's layout, only the classes that are normal. */
async function normalSide(location: string, split: "train" | "test", subject: string): Promise<string> {
  const { path, selection } = await locateImages(location, subject);
  const side = await addSelection(location, { split });
  if (selection.classes !== undefined) return side;
  const use = split === "train" ? "training" : "comparison";
  const whole = await openImages(formatLocation({ path, selection: { split } }), subject);
  const normal = await openImages(formatLocation({ path, selection: {} }), subject, { use });
  if (normal.remarks.length === 0 || normal.length === whole.length) return side;
  const classes = new Set<string>();
  for (let index = 0; index < normal.length; index++) classes.add(normal.className(index) ?? "");
  return classes.has("") ? side : addSelection(location, { split, classes: [...classes] });
}

/** The location with a split selected, where its images have that split and it names none. */
async function preferSplit(location: string, split: string, subject: string): Promise<string> {
  if (isBuiltin(location) || (await locateImages(location, subject)).selection.split !== undefined) return location;
  return (await splitsOf(location, subject)).has(split) ? addSelection(location, { split }) : location;
}

/** The splits of a whole location, whatever is selected of it. */
async function splitsOf(location: string, subject: string): Promise<Set<string>> {
  const { path } = await locateImages(location, subject);
  const source: ImageSource = await openImages(formatLocation({ path, selection: {} }), subject);
  const splits = new Set<string>();
  for (let index = 0; index < source.length; index++) {
    for (const name of source.splitNames(index)) splits.add(name);
  }
  return splits;
}
