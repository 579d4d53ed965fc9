/** How sets are told apart in figures: by a colour, and where there are more sets than colours by dashes, too. */

/** The look of a set. */
export interface SetLook {
  /** The variable of its colour. */
  readonly colour: string;
  /** `stroke-dasharray`. */
  readonly dash: string | undefined;
}

const colours = ["--plot-a", "--plot-b", "--plot-c", "--plot-d"] as const;
const dashes = [undefined, "7 4", "2 4", "10 3 2 3"] as const;

/** The look of a set by its place. */
export function lookOf(index: number): SetLook {
  return {
    colour: colours[index % colours.length]!,
    dash: dashes[Math.floor(index / colours.length) % dashes.length],
  };
}
