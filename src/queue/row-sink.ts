/** Where merged rows go. */
import type { JobRow } from "./shard-tables.ts";

/** Rows that are written as they come, and are there as a whole or not at all. */
export interface RowSink {
  add(rows: readonly JobRow[]): Promise<void>;
  commit(): Promise<void>;
  /** Leaves what was there before; does nothing after `commit`. */
  discard(): Promise<void>;
}
