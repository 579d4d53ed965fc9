/** `outglow benchmark` and the measurements behind it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BenchmarkReport, benchmarkCases, profileCase, runBenchmark, testEngine } from "../src/benchmark/index.ts";
import { runOutglow, temporaryFolder } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(() => folder.dispose());

const engine = { threads: 1, device: "cpu" } as const;

test("a case is measured in a process of its own, and a program that fails beside it is named", async () => {
  const args = [
    "benchmark",
    "--case=colour-score-1",
    "--rounds=1",
    "--threads=1",
    "--compare=no-such-program",
    "--json",
  ];
  const { code, stdout, stderr } = await runOutglow(folder.path, ...args);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/'no-such-program' could not be measured: .*ENOENT/);
  const { results, matrixGigaflops, ...on } = JSON.parse(stdout) as BenchmarkReport;
  expect(on).toEqual(engine);
  expect(matrixGigaflops).toBeGreaterThan(0.1);
  expect(results).toHaveLength(1);
  const { outglow, others, case: item } = results[0]!;
  expect(item.name).toBe("colour-score-1");
  expect(others).toEqual({ "no-such-program": null });
  expect(outglow.imagesPerSecond * outglow.milliseconds).toBeCloseTo(1000, 6);
  // A process with the engine in it needs more than 40 MB, and this case no more than a gigabyte.
  expect(outglow.peakMegabytes).toBeGreaterThan(40);
  expect(outglow.peakMegabytes).toBeLessThan(1000);
}, 60_000);

test("an unknown case and a profile on a graphics card are refused with a way out", async () => {
  const request = { case: ["color-train"], engine, rounds: 1, compare: [] };
  await expect(runBenchmark(request)).rejects.toMatchObject({
    name: "ConfigError",
    fault: { code: "unknown-name", remedy: { key: "did-you-mean", name: "colour-train" } },
  });
  await expect(profileCase(benchmarkCases[0]!, { ...engine, device: "webgpu" })).rejects.toThrow(
    /^profile: expected the CPU, .*, got device webgpu; leave out one of them$/,
  );
});

test("a benchmark is called off before its next case", async () => {
  const reason = new Error("enough");
  const request = { case: ["grey-train"], engine, rounds: 1, compare: [] };
  await expect(runBenchmark(request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("the engine passes its self-test", async () => {
  const checks = await testEngine(engine);
  expect(checks.map(({ name, passed }) => [name, passed])).toEqual([
    ["training", true],
    ["determinism", true],
  ]);
});
