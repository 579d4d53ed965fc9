/** What the studio and its looking process say to each other. */
import type { Fault } from "../../base/index.ts";
import type { ImageUse } from "../../data/index.ts";
import type { InputForm } from "../../pixels/index.ts";

/** An image where it is: of the name that it had when it was scored, so that no other one is shown in its stead. */
export interface ImagePlace {
  readonly location: string;
  /** What a location of several sides is opened for; absent: all of it. */
  readonly use?: ImageUse | undefined;
  readonly index: number;
  readonly name: string;
}

/** What is to be drawn. */
export type LookWish =
  /** A picture of an image at its own proportions, or as it is prepared for a model. */
  | {
      readonly kind: "picture";
      readonly image: ImagePlace;
      readonly form: InputForm;
      readonly prepared: boolean;
      readonly longest: number;
    }
  /** The tints of a map. `score` is the image's, of the map's name. */
  | {
      readonly kind: "map";
      readonly detector: string;
      readonly image: ImagePlace;
      readonly map: string;
      readonly score: number | null;
      readonly longest: number;
    }
  /** Images of a flow, one after another in a row. `seeds`: one a scale, or one for all; `kept`: scales whose latents are those of `image`. */
  | {
      readonly kind: "samples";
      readonly detector: string;
      readonly model: "normal" | "general";
      readonly count: number;
      readonly temperature: number;
      readonly seeds: readonly number[];
      readonly image: ImagePlace | null;
      readonly kept: readonly number[];
    };

/** A picture. */
export interface DrawnPicture {
  readonly bytes: Uint8Array;
  readonly type: "image/png" | "image/webp";
}

/** To the process. */
export interface ToLooker {
  readonly id: number;
  readonly wish: LookWish;
}

/** From it. */
export type FromLooker =
  | { readonly id: number; readonly picture: DrawnPicture }
  | { readonly id: number; readonly fault: Fault };
