/** Measurements as a person reads them. */
import { type Column, formatTable } from "../report/index.ts";
import type { BenchmarkReport, CaseResult } from "./benchmark.ts";
import type { CaseProfile, ProfileRow } from "./measurement.ts";

/** Where the time of a step goes, as tables. */
export function showProfile({ operators, layers }: CaseProfile): string {
  const table = (heading: string, rows: readonly ProfileRow[]): string =>
    formatTable(rows, [
      { heading, value: ({ name }) => name },
      { heading: "ms a step", value: ({ milliseconds }) => milliseconds, digits: 2 },
      { heading: "share", value: ({ share }) => share, digits: 3 },
      { heading: "nodes", value: ({ nodes }) => nodes },
    ]);
  return [table("operator", operators), "", table("layer", layers)].join("\n");
}

/** What was measured, as a table. */
export function showBenchmark({ results, matrixGigaflops: peak, threads, device }: BenchmarkReport): string {
  const others = Object.keys(results[0]?.others ?? {});
  const columns: Column<CaseResult>[] = [
    { heading: "case", value: (row) => row.case.name },
    { heading: "images/s", value: (row) => row.outglow.imagesPerSecond, digits: 1 },
    { heading: "ms", value: (row) => row.outglow.milliseconds, digits: 1 },
    { heading: "build s", value: (row) => row.outglow.buildSeconds, digits: 2 },
    { heading: "peak MB", value: (row) => row.outglow.peakMegabytes, digits: 0 },
    { heading: "matmul share", value: (row) => row.outglow.matrixShare ?? undefined, digits: 2 },
    {
      heading: "of peak rate",
      value: ({ outglow: { matrixGigaflops } }) => (matrixGigaflops === null ? undefined : matrixGigaflops / peak),
      digits: 2,
    },
    ...others.flatMap((command, index): Column<CaseResult>[] => [
      { heading: `[${index + 1}] images/s`, value: (row) => row.others[command]?.imagesPerSecond, digits: 1 },
      { heading: `[${index + 1}] MB`, value: (row) => row.others[command]?.peakMegabytes, digits: 0 },
      {
        heading: `ratio to [${index + 1}]`,
        value: ({ outglow, others: { [command]: other } }) =>
          other ? outglow.imagesPerSecond / other.imagesPerSecond : undefined,
        digits: 2,
      },
    ]),
  ];
  return [
    `${device === "cpu" ? `${threads} threads` : device}; matrix multiplication at its best: ${peak.toFixed(0)} GFLOP/s`,
    formatTable(results, columns),
    ...others.map((command, index) => `[${index + 1}] ${command}`),
  ].join("\n");
}
