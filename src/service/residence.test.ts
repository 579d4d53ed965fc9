/** Which detectors are in memory: the least used leave, busy ones stay a while, and whoever is asked for comes. */
import { setImmediate as immediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { openResidence, type ResidenceOptions } from "./residence.ts";

function made(options: Partial<ResidenceOptions> = {}) {
  const told: string[] = [];
  const busy = new Set<string>();
  const residence = openResidence({
    most: 100,
    processes: 2,
    sizeOf: async (folder) => Number(folder),
    load: async (key) => {
      told.push(`load ${key}`);
    },
    unload: (key) => void told.push(`unload ${key}`),
    isBusy: (key) => busy.has(key),
    onFault: (key, error) => void told.push(`fault ${key}: ${(error as Error).message}`),
    onUnload: () => undefined,
    ...options,
  });
  /** Asks for a detector and waits until it is in memory. */
  const demanded = async (key: string): Promise<void> => {
    residence.demand(key);
    while (!residence.loaded.some((one) => one.key === key)) await immediate();
  };
  return { residence, told, busy, demanded };
}

test("within the limit all stay, and say what they take in all processes", async () => {
  const { residence, told } = made();
  await residence.load("a", "20");
  await residence.load("b", "30");
  residence.demand("a");
  expect(residence.loaded).toEqual([
    { key: "a", bytes: 40 },
    { key: "b", bytes: 60 },
  ]);
  expect(told).toEqual(["load a", "load b"]);
});

test("the one that was asked for longest ago makes room, and comes back when it is asked for", async () => {
  const { residence, told, demanded } = made();
  await residence.load("a", "20");
  await residence.load("b", "20");
  residence.demand("a");
  await residence.load("c", "20");
  expect(told).toEqual(["load a", "load b", "unload b", "load c"]);
  await demanded("b");
  expect(told.slice(4)).toEqual(["unload a", "load b"]);
  expect(residence.loaded.map(({ key }) => key).sort()).toEqual(["b", "c"]);
});

test("one that images wait for leaves last, and not before it has stayed a while, and is asked for anew", async () => {
  const { residence, told, busy, demanded } = made();
  await residence.load("a", "50");
  busy.add("a");
  busy.add("b");
  const started = performance.now();
  await residence.load("b", "50");
  expect(performance.now() - started).toBeGreaterThan(200);
  await demanded("a");
  expect(told).toEqual(["load a", "unload a", "load b", "unload b", "load a"]);
});

test("one that is larger than the limit is refused, and takes nothing away from others", async () => {
  const { residence, told } = made();
  await residence.load("a", "20");
  await expect(residence.load("b", "51")).rejects.toMatchObject({ name: "RunError", fault: { code: "too-large" } });
  residence.demand("b");
  expect([told, residence.loaded.length]).toEqual([["load a"], 1]);
});

test("what fails to load is told, and tried again when it is asked for again", async () => {
  let broken = false;
  const told: string[] = [];
  let tell = (): void => undefined;
  const failed = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const { residence } = made({
    load: async (key) => {
      if (broken && key === "a") throw new Error("damaged");
    },
    onFault: (key, error) => {
      told.push(`${key}: ${(error as Error).message}`);
      tell();
    },
  });
  await residence.load("a", "30");
  await residence.load("b", "30");
  broken = true;
  residence.demand("a");
  await failed;
  expect(told).toEqual(["a: damaged"]);
  broken = false;
  residence.demand("a");
  await residence.load("c", "10");
  expect(residence.loaded.map(({ key }) => key)).toEqual(["a", "c"]);
});

test("one that is forgotten is in nobody's memory, whether it was loaded, coming or out", async () => {
  const { residence, told } = made();
  await residence.load("a", "50");
  await residence.load("b", "50");
  residence.demand("a");
  residence.unload("a");
  residence.unload("b");
  await residence.load("c", "50");
  expect(residence.loaded.map(({ key }) => key)).toEqual(["c"]);
  expect(told.filter((one) => one === "load a")).toHaveLength(1);
  residence.demand("a");
  expect(told.at(-1)).toBe("load c");
});

test("without a limit nobody leaves", async () => {
  const { residence, told } = made({ most: undefined });
  for (const key of ["a", "b", "c"]) await residence.load(key, "1e12");
  expect([told.length, residence.loaded.length]).toEqual([3, 3]);
});
