/** How the command line is written: settings as flags, words as a shell takes them. Every door may show a person what to type. */

/** A setting as the flag that gives it: `generalSteps` of a request is `--general-steps`. */
export function flagOf(name: string, value?: string | number): string {
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return value === undefined ? flag : `${flag} ${value}`;
}

/** A word as a shell takes it, in quotes where it needs them. */
export function quoteWord(word: string): string {
  return /^[\w./=,:+@-]+(#[\w./=,:+-]+)?$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** `outglow` with these words after it. */
export function commandLine(words: readonly string[]): string {
  return ["outglow", ...words.map(quoteWord)].join(" ");
}
