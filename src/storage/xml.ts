/**
 * The XML that object stores answer with: elements and text. Of our own because a store is not believed: no document types, no entities but the five
 * that XML has, so that a short answer cannot become a long one.
 */

/** An element. */
export interface XmlElement {
  /** Without the prefix of its name space. */
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const deepest = 8;

/** A tag, with its attributes as one text. */
const tag = /<(\/?)(?:[\w-]+:)?([A-Za-z_][\w.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const besides = /(?:\s+|<\?[^>]*\?>|<!--[\s\S]*?-->)+/y;

/** Reads a document. Undefined where it is none, or has what no answer has. */
export function parseXml(text: string): XmlElement | undefined {
  let at = skip(text, 0);
  const open: { name: string; text: string; children: XmlElement[] }[] = [];
  for (;;) {
    tag.lastIndex = at;
    const found = tag.exec(text);
    if (!found) return undefined;
    at = tag.lastIndex;
    const [, closes, name, attributes, isEmpty] = found;
    let done: XmlElement | undefined;
    if (closes === "/") {
      const top = open.pop();
      if (top?.name !== name || attributes !== "" || isEmpty === "/") return undefined;
      done = top;
    } else if (isEmpty === "/") done = { name: name!, text: "", children: [] };
    else if (open.push({ name: name!, text: "", children: [] }) > deepest) return undefined;
    if (done) {
      const parent = open.at(-1);
      if (!parent) return skip(text, at) === text.length ? done : undefined;
      parent.children.push(done);
    }
    const next = text.indexOf("<", at);
    if (next < 0) return undefined;
    const own = plainText(text.slice(at, next));
    if (own === undefined) return undefined;
    open.at(-1)!.text += own;
    at = next;
  }
}

function skip(text: string, at: number): number {
  besides.lastIndex = at;
  return besides.test(text) ? besides.lastIndex : at;
}

const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function plainText(text: string): string | undefined {
  if (!text.includes("&")) return text;
  let isWrong = false;
  const plain = text.replace(/&(?:(#x?[0-9a-f]+|[a-z]+);)?/gi, (_, reference?: string) => {
    const digits = reference?.startsWith("#") ? reference.slice(1) : undefined;
    const code = digits === undefined ? Number.NaN : Number(digits.replace(/^x/i, "0x"));
    const sign =
      digits === undefined ? named[reference ?? ""] : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    if (sign === undefined) isWrong = true;
    return sign ?? "";
  });
  return isWrong ? undefined : plain;
}

/** The text of the first child of a name. */
export function textIn(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}
