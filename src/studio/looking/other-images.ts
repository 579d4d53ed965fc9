/** What says that images are not there any more as they were scored. */
import { FormatError } from "../../base/index.ts";

/** The error for a location that has another image, or none, where it had one called `name`. */
export function otherImages(location: string, name: string): FormatError {
  return new FormatError({
    code: "not-found",
    subject: `'${location}'`,
    expected: `'${name}' where it was`,
    got: "other images",
    remedy: { key: "other", text: "score the set again" },
  });
}
