/** The rows of a job as one file: CSV, or Parquet in groups of many rows, however few a shard has. */
import { asCell, asPath, asText, quote } from "../base/index.ts";
import { openAtomicBytes } from "../data/index.ts";
import { ruleLabel } from "../score/index.ts";
import type { JobRecord } from "./job-files.ts";
import type { RowSink } from "./row-sink.ts";
import { type JobRow, openTable, type TableColumns } from "./shard-tables.ts";

/** Rows of a group: what a file says of its groups is in memory until its end. */
const rowsOfGroup = 2 ** 16;

/** Opens the file. Throws RunError where the disk refuses, ConfigError from `commit` where a file has come there meanwhile and is not to be replaced. */
export async function mergedTable(
  out: string,
  kind: ".csv" | ".parquet",
  record: JobRecord,
  columns: TableColumns,
  replace: boolean,
): Promise<RowSink> {
  const file = await openAtomicBytes(out, 0o666);
  const table = kind === ".csv" ? csvTable(record, columns) : parquetTable(record, columns);
  return {
    async add(rows) {
      const ready = table.rows(rows);
      if (ready.length > 0) await file.write(ready);
    },
    async commit() {
      await file.write(table.end());
      await file.commit({ replace });
    },
    discard: () => file.discard(),
  };
}

interface MergedTable {
  rows(rows: readonly JobRow[]): Uint8Array | string;
  end(): Uint8Array | string;
}

function parquetTable(record: JobRecord, columns: TableColumns): MergedTable {
  const table = openTable(record, columns, {});
  let waiting: JobRow[] = [];
  const flush = (): Uint8Array => {
    const rows = waiting;
    waiting = [];
    return table.add(rows);
  };
  return {
    rows(rows) {
      for (const row of rows) waiting.push(row);
      return waiting.length < rowsOfGroup ? new Uint8Array() : flush();
    },
    end: () => Buffer.concat([waiting.length > 0 ? flush() : new Uint8Array(), table.end()]),
  };
}

function csvTable({ decision }: JobRecord, { scores, texts }: TableColumns): MergedTable {
  const own = ["file", "score", "p_value", "anomalous", "rule", "error", ...scores];
  const head = [...own, ...texts.map((name) => quote(asText(own.includes(name) ? `list_${name}` : name)))].join(",");
  const label = ruleLabel(decision.rule);
  let before = `${head}\n`;
  return {
    rows(rows) {
      const lines = rows.map((row) =>
        [
          quote(asPath(row.file)),
          row.score ?? "",
          row.pValue ?? "",
          row.anomalous ?? "",
          label,
          quote(asText(row.error ?? "")),
          ...scores.map((name) => row.scores[name] ?? ""),
          ...texts.map((name) => quote(asCell(row.texts[name] ?? ""))),
        ].join(","),
      );
      const text = `${before}${lines.join("\n")}\n`;
      before = "";
      return text;
    },
    end: () => "",
  };
}
