/** What the service tells of its work: records of plain data, for whoever runs it to write down. No record holds an image or a token. */

/** One thing that happened. */
export interface LogRecord {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Takes records. Must not throw. */
export type Log = (record: LogRecord) => void;
