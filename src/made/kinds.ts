/**
 * The kinds of images the program makes itself, and what each one shows.
 */

/** The anomalous kinds: everything like `normal`, except for the shape. */
export const anomalousMadeKinds = ["crosses", "stars", "trios"] as const;

/** All kinds of made images. */
export const madeKinds = ["normal", ...anomalousMadeKinds, "general", "natural"] as const;

/**
 * A kind of made images:
 * - `normal`: one bright ring (a washer) on dark ground;
 * - `crosses`: one bright cross instead; `stars`: one five-pointed star; `trios`: three discs in a triangle;
 * - `general`: many shapes of many sizes, clouds, gradients and patterns, for the general model of the kinds above;
 * - `natural`: the statistics of photographs, for the general model of real images.
 */
export type MadeKind = (typeof madeKinds)[number];

/** The kinds that show one object, whose shape the kind decides. */
export type SingleObjectKind = Exclude<MadeKind, "general" | "natural">;
