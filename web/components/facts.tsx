/** What is known of something: names and what they are, in order. */
import type { JSX } from "preact";

export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, text: string])[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
