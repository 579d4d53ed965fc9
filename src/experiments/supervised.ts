/** The supervised part of a reproduction: what it asks of the images, and how often its models find the right class. */
import { ConfigError, setting } from "../base/index.ts";
import { openImages } from "../data/index.ts";
import { classAccuracy } from "../score/index.ts";
import type { ScoredSeed, TestSet } from "./scored-images.ts";

/** The models that name a class, and what they are called in tables. */
export const classModels = {
  flow: "class-conditional flow",
  classifier: "classifier",
  exposedClassifier: "classifier, outlier exposure",
} as const;
/** The name of a model of classes. */
export type ClassModelName = keyof typeof classModels;
export const classModelNames = Object.keys(classModels) as ClassModelName[];

/** On how many normal test images of a known class each model found it. */
export interface SeedAccuracies {
  readonly count: number;
  /** Share of the images, by model. */
  readonly shares: Readonly<Record<ClassModelName, number>>;
}

/** Throws ConfigError where images to train on have no classes, or only one. */
export async function requireClasses(location: string): Promise<void> {
  const source = await openImages(location, setting("normal"));
  const classes = new Set<string | undefined>();
  for (let index = 0; index < source.length; index++) classes.add(source.className(index));
  if (classes.size > 1 && !classes.has(undefined)) return;
  const [first] = classes;
  const all = classes.size > 1 ? "some without" : first === undefined ? "none" : `only '${first}'`;
  throw new ConfigError({
    code: "other-images",
    subject: setting("supervised"),
    expected: "normal images in two classes or more",
    got: `${all} in '${location}'`,
    remedy: { key: "other", text: "give images in sub-folders named after classes, or leave it out" },
  });
}

/** How often the models of a seed find the class of a normal test image; undefined where there is none of a known class. */
export function measureAccuracies(
  { supervised }: ScoredSeed,
  { images: { classNames } }: TestSet,
): SeedAccuracies | undefined {
  if (!supervised) return undefined;
  const { classes, exposed } = supervised;
  const of = [classes.sets[0]!.terms.classes!, classes.sets[0]!.terms.classifier!, exposed.sets[0]!.terms.classifier!];
  const [flow, classifier, exposedClassifier] = of.map((table) => classAccuracy(table, classNames));
  if (!flow || !classifier || !exposedClassifier) return undefined;
  return {
    count: flow.count,
    shares: { flow: flow.share, classifier: classifier.share, exposedClassifier: exposedClassifier.share },
  };
}
