/** What the page of browser.test.ts finds, as JSON. */
export interface PageReport {
  readonly manifest: object;
  readonly engine: string;
  readonly images: readonly {
    /** uint8 [C, H, W]. */
    readonly pixels: readonly number[];
    /** Terms under the normal model, [scales, 2]. */
    readonly terms: readonly number[];
    readonly scores: Readonly<Record<string, { readonly score: number; readonly pValue: number }>>;
  }[];
}
