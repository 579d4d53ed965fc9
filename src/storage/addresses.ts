/** Addresses of objects: `s3://BUCKET/KEY`, the key as it is, nothing in it encoded. */

/** A bucket and a key in it; an empty key is the whole bucket. */
export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

const scheme = "s3://";

/** Whether a text is the address of an object store, right or wrong. A folder of that name is `./s3:`. */
export function isStoreAddress(text: string): boolean {
  return text.startsWith(scheme);
}

/** What buckets may be called: the rules of S3, and what older ones and other stores allow besides. */
const bucketName = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;

/** S3 has none that are longer, in bytes of UTF-8. */
const longestKey = 1024;

/** Reads an address. Gives what is wrong with it, in words that follow `got`, where it is none. */
export function parseAddress(text: string): ObjectAddress | { readonly reason: string } {
  const rest = text.slice(scheme.length);
  const slash = rest.indexOf("/");
  const bucket = slash < 0 ? rest : rest.slice(0, slash);
  const key = slash < 0 ? "" : rest.slice(slash + 1);
  // What is before an `@` might be a password.
  if (bucket.includes("@") || bucket.includes(":")) return { reason: "an address with a user, a password or a port" };
  if (!bucketName.test(bucket)) return { reason: `'${bucket}', which is no name of a bucket` };
  const problem = keyProblem(key);
  return problem === undefined ? { bucket, key } : { reason: `a key that cannot be asked for: ${problem}` };
}

/** Why no object of a key can be asked for; undefined where one can. */
export function keyProblem(key: string): string | undefined {
  // Every client on the way shortens such a path, so that another object would come.
  if (key.split("/").some((part) => part === "." || part === "..")) return "it has a part '.' or '..'";
  if (/\p{Surrogate}/u.test(key)) return "it is no Unicode";
  return new TextEncoder().encode(key).length > longestKey ? `it is longer than ${longestKey} bytes` : undefined;
}

/** Writes an address. */
export function showAddress({ bucket, key }: ObjectAddress): string {
  return `${scheme}${bucket}/${key}`;
}

/**
 * The address that a list at `address` means by `path`: another address, or a path from the list's own folder on. Undefined for what leads to no
 * object: out of the bucket, or to a file of a machine.
 */
export function addressBeside(address: string, path: string): string | undefined {
  if (isStoreAddress(path)) return path;
  const [, start = "", key = ""] = /^(s3:\/\/[^/]*\/)(.*)$/s.exec(address) ?? [];
  if (start === "" || path.startsWith("/")) return undefined;
  const parts: string[] = key.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return start + parts.join("/");
}
