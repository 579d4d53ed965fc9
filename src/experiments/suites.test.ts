/** Where a suite finds its data: splits, what requests and configuration files override, what is missing. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { openImages, writeImages } from "../data/index.ts";
import { makeImages } from "../made/index.ts";
import type { WorkflowEvent } from "../workflow/index.ts";
import { addSelection, locateData, suites } from "./suites.ts";

let root: string;
const at = (...parts: string[]): string => join(root, ...parts);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "outglow-suites-"));
  const specification = { channels: 1, height: 12, width: 12 };
  for (const name of ["fashion-mnist/train", "fashion-mnist/test", "mnist/train", "mnist/test", "emnist-letters"]) {
    const images = makeImages({ kind: "normal", count: 2, specification, key: randomKey(name) });
    await writeImages(images, specification, at(name));
  }
});

afterAll(() => rm(root, { recursive: true, force: true }));

test("finds the usual folders and their splits", async () => {
  const data = await locateData(suites.fashion, { data: root });
  expect(data).toEqual({
    normal: `${at("fashion-mnist")}#split=train`,
    test: `${at("fashion-mnist")}#split=test`,
    anomalous: [{ name: "mnist", location: `${at("mnist")}#split=test` }],
    general: at("emnist-letters"),
  });
  for (const location of [data.normal, data.test!, data.anomalous[0]!.location, data.general]) {
    expect((await openImages(location, "test")).length).toBe(2);
  }
});

test("a request comes before a configuration file, and that before the data folder", async () => {
  const config = { data: ".", general: "builtin#limit=5", anomalous: { letters: "emnist-letters" }, normal: "mnist" };
  await writeFile(at("config.json"), JSON.stringify(config));
  const data = await locateData(suites.fashion, { config: at("config.json"), normal: at("emnist-letters") });
  expect(data).toEqual({
    normal: at("emnist-letters"),
    test: null,
    anomalous: [{ name: "letters", location: at("emnist-letters") }],
    general: "builtin#limit=5",
  });
});

test("of MVTec's layout only normal images are compared with as normal", async () => {
  const names = ["train/good/1", "test/good/2", "test/broken/3"];
  const specification = { channels: 1, height: 12, width: 12 };
  const { pixels } = makeImages({ kind: "normal", count: names.length, specification, key: randomKey("layout") });
  await writeImages({ pixels, names }, specification, at("bottle"));
  expect(await locateData(suites.fashion, { data: root, normal: at("bottle") })).toMatchObject({
    normal: `${at("bottle")}#split=train`,
    test: `${at("bottle")}#split=test,class=good`,
  });
});

test("a train split by name has its test split beside it; another selection stays", async () => {
  const normal = `${at("fashion-mnist")}#limit=1,split=train`;
  const found = await locateData(suites.fashion, { data: root, normal });
  expect(found).toMatchObject({ normal, test: `${at("fashion-mnist")}#split=test,limit=1` });
  const testOnly = `${at("fashion-mnist")}#split=test`;
  expect(await locateData(suites.fashion, { data: root, normal: testOnly })).toMatchObject({
    normal: testOnly,
    test: null,
  });
  expect(await addSelection("a#class=3", { limit: 5 })).toBe("a#class=3,limit=5");
});

test("says which setting gives what is missing", async () => {
  await expect(locateData(suites.cifar, { data: root })).rejects.toThrow(
    `normal images: expected 'cifar-10' in the folder of data, got nothing of that name in '${root}'; give normal`,
  );
  const cifar = { data: root, normal: at("mnist") };
  await expect(locateData(suites.cifar, cifar)).rejects.toThrow(/; give general or general builtin/);
  await expect(locateData(suites.cifar, { ...cifar, general: "builtin" })).rejects.toThrow(/; give anomalous$/);
});

test("refuses a configuration with an unknown field", async () => {
  await writeFile(at("wrong.json"), JSON.stringify({ nomal: "mnist" }));
  await expect(locateData(suites.fashion, { config: at("wrong.json") })).rejects.toThrow(/nomal/);
});

test("tells which of the suite's sets the data folder lacks", async () => {
  const few = await mkdtemp(join(tmpdir(), "outglow-few-"));
  const specification = { channels: 1, height: 12, width: 12 };
  const images = makeImages({ kind: "stars", count: 1, specification, key: randomKey("few") });
  await writeImages(images, specification, join(few, "svhn"));
  const warnings: string[] = [];
  const onEvent = (event: WorkflowEvent): void => {
    if (event.kind === "warning") warnings.push(event.text);
  };
  const given = { data: few, normal: at("mnist"), general: "builtin" };
  const { anomalous } = await locateData(suites.cifar, given, { onEvent });
  await rm(few, { recursive: true });
  expect(anomalous.map(({ name }) => name)).toEqual(["svhn"]);
  expect(warnings).toEqual([`'${few}' lacks cifar-100, celeba, lsun, mnist-m; they are not compared`]);
});
