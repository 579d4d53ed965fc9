/** Command lines as a person may paste them into a shell. */

/** A word as a shell takes it, in quotes where it needs them. */
export function quoteWord(word: string): string {
  return /^[\w./=,:+@-]+(#[\w./=,:+-]+)?$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** `outglow` with these words after it. */
export function commandLine(words: readonly string[]): string {
  return ["outglow", ...words.map(quoteWord)].join(" ");
}
