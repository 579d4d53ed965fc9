/** How the command line writes settings: `generalSteps` of a request is `--general-steps`. */

/** A setting as the flag that gives it. */
export function flagOf(name: string, value?: string | number): string {
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return value === undefined ? flag : `${flag} ${value}`;
}
