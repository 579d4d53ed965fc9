/** A command line as it is typed: lines are broken between its words, never within a flag. */
import type { JSX } from "preact";

export function Command({ text }: { readonly text: string }): JSX.Element {
  return (
    <pre class="command">
      {text.split(" ").flatMap((word, index) => [index > 0 ? " " : "", <span key={index}>{word}</span>])}
    </pre>
  );
}
