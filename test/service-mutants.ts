/** Damage: to bytes, to values of JSON, and texts that programs stumble over. */
import type { RandomStream } from "../src/base/index.ts";

/** Texts for names, numbers, paths and headers. */
export const oddTexts: readonly string[] = [
  ...[
    "",
    " ",
    "0",
    "-1",
    "1",
    "0.5",
    "1e-400",
    "1e400",
    "NaN",
    "Infinity",
    "0x10",
    "1_000",
    "null",
    "undefined",
    "[object Object]",
  ],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "..",
    "../..",
    "../../etc/passwd",
    "..\\..",
    "%2e%2e%2f",
    "/",
    "\\",
  ],
  ...[
    "small\u0000",
    "small\r\nX: y",
    "smal\u006c",
    "SMALL",
    "small/",
    "small;x",
    "small:predict",
    ":",
    "*",
    "{id}",
    "{{7*7}}",
    "'\"<script>",
  ],
  ...[
    "\ud800",
    "\ufeff",
    "\u202e",
    "\u{1f600}",
    "a".repeat(300),
    "ratio-png",
    "likelihood",
    "multipart/form-data",
    "image/",
  ],
  ...[
    "multipart/form-data; boundary=",
    'multipart/form-data; boundary="',
    "multipart/form-data; boundary=abc",
    "application/json",
  ],
];

const oddNumbers: readonly Buffer[] = [
  ...[
    [0],
    [0xff],
    [0x7f],
    [0x80],
    [0, 0],
    [0xff, 0xff],
    [0x7f, 0xff, 0xff, 0xff],
    [0xff, 0xff, 0xff, 0xff],
    [0, 0, 0, 0],
  ],
  ...[
    [0x80, 0, 0, 0],
    [0xff, 0xff, 0xff, 0x7f],
    [1, 0, 0, 0],
    [0, 0, 0, 1],
    [0, 0, 0x40, 0],
  ],
].map((bytes) => Buffer.from(bytes));

/** A few bytes changed, a piece cut out, doubled or put elsewhere, an extreme number, the end cut off, or the end of another. */
export function mutateBytes(bytes: Buffer, stream: RandomStream, other: Buffer = bytes): Buffer {
  const pick = (most: number): number => Math.floor(stream.uniform() * most);
  const at = pick(bytes.length);
  const end = Math.min(bytes.length, at + 1 + pick(40));
  const kind = pick(8);
  if (kind === 0) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
  if (kind === 1) return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
  if (kind === 2) return bytes.subarray(0, at);
  if (kind === 3) return Buffer.concat([bytes.subarray(0, at), other.subarray(pick(other.length))]);
  const changed = Buffer.from(bytes);
  if (kind === 4) bytes.copy(changed, pick(bytes.length), at, end);
  else if (kind === 5) oddNumbers[pick(oddNumbers.length)]!.copy(changed, at);
  else for (let change = 0; change <= pick(4); change++) changed[pick(bytes.length)] = pick(256);
  return changed;
}

/** Values that stand where others are expected, as JSON, some of which no program would write. */
const oddValues: readonly string[] = [
  ...[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "0.5",
    "1e308",
    "-1e-308",
    "1e999",
    "256",
    "65",
    "2147483648",
    "9007199254740993",
    '""',
    '"a"',
  ],
  ...[
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "[[[[[[[[[[1]]]]]]]]]]",
    '{"__proto__":{"data":1}}',
    '{"constructor":1}',
    '"\\ud800"',
    '"\\u0000"',
  ],
  ...[
    `"${"A".repeat(4000)}"`,
    `[${"0,".repeat(3000)}0]`,
    `[${'"",'.repeat(500)}""]`,
    '"constructor"',
    '"__proto__"',
    '"score"',
    '"UINT8"',
  ],
  ...[
    `${"[".repeat(8000)}${"]".repeat(8000)}`,
    `${'{"a":'.repeat(4000)}1${"}".repeat(4000)}`,
    '"iVBORw0KGgo="',
    "[1, 1, 16, 16]",
  ],
];

/** The text of a value with one or two of its parts replaced, left out or doubled. */
export function mutateJson(value: object, stream: RandomStream): string {
  const parts: [object, string][] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [name, child] of Object.entries(node)) {
      parts.push([node, name]);
      walk(child);
    }
  };
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(stream.uniform() * items.length)]!;
  const copy = structuredClone(value);
  walk(copy);
  const replaced: string[] = [];
  for (let change = 0; change <= Math.floor(stream.uniform() * 2); change++) {
    const [node, name] = pick(parts);
    const target = node as Record<string, unknown>;
    if (stream.uniform() < 0.15) delete target[name];
    else if (stream.uniform() < 0.1 && Array.isArray(node)) node.push(target[name]);
    else target[name] = `<${replaced.push(pick(oddValues)) - 1}>`;
  }
  return JSON.stringify(copy).replaceAll(/"<(\d+)>"/g, (_, index: string) => replaced[Number(index)]!);
}
