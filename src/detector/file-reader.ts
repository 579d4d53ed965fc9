/** Where a detector's files come from: a folder, a page's server, an archive. */

/** Files that are read by name. */
export interface FileReader {
  /** What all of them are called in messages, such as the path of their folder. */
  readonly location: string;
  /** What one of them is called in messages, such as its path. */
  describe(name: string): string;
  /**
   * The content of a file, undefined where there is none of this name. Throws FormatError where it cannot be read or is larger than
   * `mostBytes`, which it must tell before it reads all of it.
   */
  read(name: string, mostBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
}
