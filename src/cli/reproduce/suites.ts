/** What the experiments are about: their usual data sets, where these lie, and which images are trained on and which compared. */
import { readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { ConfigError, messageOf } from "../../base/index.ts";
import {
  formatLocation,
  type ImageSource,
  isBuiltin,
  locateImages,
  openImages,
  parseNamedLocation,
  type Selection,
} from "../../data/index.ts";
import { describeIssue } from "../../model/index.ts";
import type { ReproduceOptions } from "../reproduce-command.ts";
import type { SuiteName } from "./suite-names.ts";

/** A set of images with a name. */
export interface NamedSet {
  readonly name: string;
  readonly location: string;
}

/** Where the images of an experiment are, as `openImages` takes it. */
export interface SuiteData {
  readonly normal: string;
  /** Normal images to compare with; null where they have to be held back from the others. */
  readonly test: string | null;
  readonly anomalous: readonly NamedSet[];
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

const configSchema = z.strictObject({
  data: z.string().optional(),
  normal: z.string().optional(),
  test: z.string().optional(),
  anomalous: z.record(z.string(), z.string()).optional(),
  general: z.string().optional(),
});

type Locations = Pick<ReproduceOptions, "data" | "normal" | "test" | "anomalous" | "general">;

/** The locations of a suite, from flags, a configuration file and the data folder, in this order. Throws ConfigError for what is missing. */
export async function locateData(suite: Suite, options: ReproduceOptions): Promise<SuiteData> {
  const given: Locations = { ...(options.config === undefined ? {} : await readConfig(options.config)), ...options };
  const normal = given.normal ?? (await usualNormal(suite, given.data));
  const general = given.general ?? (await usualGeneral(suite, given.data));
  const sets = given.anomalous
    ? await Promise.all(given.anomalous.map(parseNamedLocation))
    : await usualAnomalous(suite, given.data);
  const twice = sets.find(({ name }, index) => name === "normal" || sets.findIndex((set) => set.name === name) < index);
  if (twice) {
    throw new ConfigError(`reproduce: --anomalous expects different names, got '${twice.name}' again; write NAME=DATA`);
  }
  const own = given.test === undefined ? await splitTest(normal) : { normal, test: given.test };
  return {
    ...own,
    anomalous: await Promise.all(
      sets.map(async ({ name, location }) => ({
        name,
        location: await preferSplit(location, "test", "reproduce: --anomalous"),
      })),
    ),
    general: await preferSplit(general, "train", "reproduce: --general"),
  };
}

/** The locations of a configuration file; relative ones count from its folder. */
async function readConfig(path: string): Promise<Locations> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new ConfigError(`reproduce: --config expects a JSON file, could not read '${path}': ${messageOf(error)}`);
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`reproduce: --config expects JSON, got ${messageOf(error)} in '${path}'`);
  }
  const result = configSchema.safeParse(content);
  if (!result.success) throw new ConfigError(`reproduce: --config '${path}': ${describeIssue(result.error, content)}`);
  const place = (location: string): string =>
    isAbsolute(location) || isBuiltin(location) || location.startsWith("file:")
      ? location
      : join(dirname(path), location);
  const { data, normal, test, anomalous, general } = result.data;
  return {
    ...(data === undefined ? {} : { data: place(data) }),
    ...(normal === undefined ? {} : { normal: place(normal) }),
    ...(test === undefined ? {} : { test: place(test) }),
    ...(anomalous && { anomalous: Object.entries(anomalous).map(([name, location]) => `${name}=${place(location)}`) }),
    ...(general === undefined ? {} : { general: place(general) }),
  };
}

async function usualNormal({ normal }: Suite, root: string | undefined): Promise<string> {
  const found = await findData(root, normal.folder);
  if (found !== undefined) return ofClass(found, normal.class);
  throw missing("normal images", normal.folder, root, "--normal DATA");
}

async function usualGeneral({ general }: Suite, root: string | undefined): Promise<string> {
  if (isBuiltin(general)) return general;
  const found = await findData(root, general);
  if (found !== undefined) return found;
  throw missing("general images", general, root, "--general DATA or --general builtin");
}

async function usualAnomalous({ anomalous }: Suite, root: string | undefined): Promise<NamedSet[]> {
  const sets: NamedSet[] = [];
  for (const set of anomalous) {
    const found = await findData(root, set.folder);
    if (found !== undefined) sets.push({ name: set.name, location: await ofClass(found, set.class) });
  }
  if (sets.length > 0) return sets;
  const names = [...new Set(anomalous.map(({ folder }) => folder))].join(" or ");
  throw missing("anomalous images", names, root, "--anomalous NAME=DATA");
}

function missing(what: string, name: string, root: string | undefined, flag: string): ConfigError {
  const got = root === undefined ? "got no --data FOLDER" : `found no '${name}' in '${root}'`;
  return new ConfigError(`reproduce: expected ${what} (${name}), ${got}; give ${flag}`);
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
  const { path, selection } = await locateImages(location, "reproduce");
  return formatLocation({ path, selection: { ...selection, ...more } });
}

/** The train and the test split of normal images, where they have both; else nothing to compare with. */
async function splitTest(location: string): Promise<Pick<SuiteData, "normal" | "test">> {
  const where = "reproduce: --normal";
  if (isBuiltin(location)) return { normal: location, test: null };
  const { split } = (await locateImages(location, where)).selection;
  const splits = await splitsOf(location, where);
  if (!splits.has("train") || !splits.has("test")) return { normal: location, test: null };
  if (split === "train") return { normal: location, test: await addSelection(location, { split: "test" }) };
  if (split !== undefined) return { normal: location, test: null };
  return {
    normal: await addSelection(location, { split: "train" }),
    test: await addSelection(location, { split: "test" }),
  };
}

/** A location with a split where it has it and names none. */
async function preferSplit(location: string, split: string, where: string): Promise<string> {
  if (isBuiltin(location) || (await locateImages(location, where)).selection.split !== undefined) return location;
  return (await splitsOf(location, where)).has(split) ? addSelection(location, { split }) : location;
}

/** The splits of a whole location, whatever is selected of it. */
async function splitsOf(location: string, where: string): Promise<Set<string>> {
  const { path } = await locateImages(location, where);
  const source: ImageSource = await openImages(formatLocation({ path, selection: {} }), where);
  const splits = new Set<string>();
  for (let index = 0; index < source.length; index++) {
    for (const name of source.splitNames(index)) splits.add(name);
  }
  return splits;
}
