/** The version of this package. A constant, so that it is known where there are no files; a test holds it to package.json. */

const version = "0.1.0";

/** The version of this package. */
export function packageVersion(): string {
  return version;
}
