/** What the page of browser.test.ts finds, as JSON. */
import { fitWays } from "../../src/base/index.ts";

/** Ways to bring images to the model's size that keep their proportions: the usual one does not. */
export const otherFits = fitWays.filter((fit) => fit !== "stretch");

/** What the page finds. */
export interface PageReport {
  readonly manifest: object;
  readonly engine: string;
  readonly images: readonly {
    /** uint8 [C, H, W]. */
    readonly pixels: readonly number[];
    /** The same where the proportions of images are kept, by the way. */
    readonly fitted: Readonly<Record<string, readonly number[] | string>>;
    /** Terms under the normal model, [scales, 2]. */
    readonly terms: readonly number[];
    readonly scores: Readonly<Record<string, { readonly score: number; readonly pValue: number }>>;
  }[];
}
