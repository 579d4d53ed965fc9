/**
 * Ways out of a fault. A key names one, its parameters fill the gaps in braces; a caller that speaks another language brings a table of its
 * own. Settings in them are tokens (`setting` in `faults.ts`).
 */

const templates = {
  "choose-another": "choose another",
  "choose-one": "choose one",
  "leave-out": "leave out {what}",
  "give-setting": "give {setting}",
  "give-smaller": "give a smaller {settings}",
  "did-you-mean": "did you mean '{name}'?",
  "copy-again": "copy or download it again",
  "copy-detector-again": "copy the detector again or train anew",
  unchanged: "what was there before is unchanged",
  "stop-or-delete": "stop {what} first, or delete '{path}' if it has ended",
  "start-anew": "start anew with {setting}",
  "train-with": "train with {settings}",
  "train-with-or-choose": "train with {settings} or choose one of {others}",
  measure: "measure {what}",
  "measure-or-choose": "measure {what} or choose one of {others}",
  "use-cpu": "{first}, or use \u2039device=cpu\u203a",
  "use-cpu-only": "use \u2039device=cpu\u203a",
  other: "{text}",
} as const;

/** The names of all ways out. */
export type RemedyKey = keyof typeof templates;

/** The gaps of a template, by name. */
type GapsOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | GapsOf<Rest> : never;

/** A way out and what fills its gaps. */
export type Remedy = {
  [Key in RemedyKey]: { readonly key: Key } & Readonly<Record<GapsOf<(typeof templates)[Key]>, string>>;
}[RemedyKey];

/** A way out in plain words. */
export function remedyText(remedy: Remedy): string {
  const gaps: Readonly<Record<string, string>> = remedy;
  return templates[remedy.key].replace(/\{(\w+)\}/g, (_, name: string) => gaps[name] ?? "");
}
