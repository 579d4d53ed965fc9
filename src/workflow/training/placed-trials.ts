/** What looks at places of images, at trial: an image is scored by what has seen neither it nor the kind of fault on it. */
import { type CellDetector, cellScorerOn } from "../../cells/index.ts";
import type { PlacedScores } from "../../detector/index.ts";
import type { FittedEncoder } from "../../encoder/index.ts";
import {
  type FaultDetector,
  type FaultKind,
  type FaultRecord,
  type FaultScorer,
  faultKinds,
  openFaultScorer,
  unseenOf,
} from "../../faults/index.ts";
import type { RawImage } from "../../pixels/index.ts";
import { nodeEngine } from "../../runtime/index.ts";
import type { PlacedSource, TrialKind } from "../../score/index.ts";
import type { TrainedEncoder } from "./encoder-training.ts";
import type { TrainedFaults } from "./fault-training.ts";

/** What a training has that looks at places. */
export interface TrainedPlaces {
  /** The places, among the normal images, of those that it was trained on, in its order. */
  readonly trained: readonly number[];
  readonly faults?: TrainedFaults | undefined;
  readonly cells?: CellDetector | undefined;
  readonly encoder?: TrainedEncoder | undefined;
}

/** All of it at trial; it gathers scores. Positions are those of the images that it was opened with. */
export interface PlacedTrials {
  /** The kinds of faults that are new to what scores this image. */
  kindsOn(position: number): readonly FaultKind[];
  /** Scores a normal image while it is held out. */
  addNormal(position: number, half: "fitting" | "referring", image: RawImage): Promise<void>;
  /** Scores a trial that was drawn on the image at a position. */
  addTrial(position: number, trial: TrialKind, image: RawImage): Promise<void>;
  /** What was gathered, in the order in which it was added. */
  scores(): { readonly [Name in PlacedSource]?: PlacedScores };
  dispose(): Promise<void>;
}

/** One part at trial. `trial` is undefined for a normal image. */
interface Looker {
  readonly kindsOn: (position: number) => readonly FaultKind[];
  readonly score: (position: number, image: RawImage, trial?: TrialKind) => Promise<number>;
  readonly dispose: () => Promise<void>;
}

/** Opens what looks at places, for normal images at these places; the encoder's folds are its caller's to dispose of. */
export function openPlacedTrials(
  { trained, faults, cells, encoder }: TrainedPlaces,
  images: readonly number[],
  threads: number,
): PlacedTrials {
  const order = new Map(trained.map((image, index) => [image, index]));
  const indices = images.map((image) => order.get(image));
  const lookers: readonly (readonly [PlacedSource, Looker])[] = [
    ...(faults ? [["faults", openFaults(faults.detector, indices, threads)] as const] : []),
    ...(cells ? [["cells", openCells(cells, indices, threads)] as const] : []),
    ...(encoder ? [["encoder", openFolds(encoder, indices)] as const] : []),
    ...(encoder?.other ? [["encoder-other", openFolds(encoder.other, indices)] as const] : []),
  ];
  const gathered = lookers.map(() => ({ fitting: [] as number[], referring: [] as number[], trials: [] as number[] }));
  const add = async (into: keyof PlacedScores, position: number, image: RawImage, trial?: TrialKind): Promise<void> => {
    for (const [index, [, looker]] of lookers.entries()) {
      gathered[index]![into].push(await looker.score(position, image, trial));
    }
  };
  return {
    kindsOn: (position) =>
      faultKinds.filter((kind) => lookers.every(([, looker]) => looker.kindsOn(position).includes(kind))),
    addNormal: (position, half, image) => add(half, position, image),
    addTrial: (position, trial, image) => add("trials", position, image, trial),
    scores: () =>
      Object.fromEntries(
        lookers.map(([name], index) => {
          const { fitting, referring, trials } = gathered[index]!;
          const table: PlacedScores = {
            fitting: Float64Array.from(fitting),
            referring: Float64Array.from(referring),
            trials: Float64Array.from(trials),
          };
          return [name, table];
        }),
      ),
    dispose: async () => {
      for (const [, looker] of lookers) await looker.dispose();
    },
  };
}

/**
 * The networks of a fault detector. An image of its training is scored by the network of its fold alone, which did not see it and not the kinds
 * that it left out; any other by the mean over networks, as new images are, of those that left the kind out.
 */
function openFaults(detector: FaultDetector, indices: readonly (number | undefined)[], threads: number): Looker {
  return lookerOfFolds(detector.record, openFaultScorer(detector, { threads }), indices);
}

/** The flows of a cell detector, in the same way. */
function openCells(detector: CellDetector, indices: readonly (number | undefined)[], threads: number): Looker {
  return lookerOfFolds(detector.record, cellScorerOn(nodeEngine({ threads }), detector), indices);
}

function lookerOfFolds(
  record: Pick<FaultRecord, "folds" | "foldOf">,
  scorer: FaultScorer,
  indices: readonly (number | undefined)[],
): Looker {
  const unseen = indices.map((index) => (index === undefined ? undefined : unseenOf(record, index)));
  const all = [...record.folds.keys()];
  const leavingOut = (kind: string): readonly number[] =>
    all.filter((fold) => record.folds[fold]!.leftOut?.includes(kind));
  const anywhere = faultKinds.filter((kind) => leavingOut(kind).length > 0);
  return {
    kindsOn: (position) => unseen[position]?.kinds ?? anywhere,
    async score(position, image, trial) {
      const own = unseen[position];
      const folds = own ? [own.fold] : trial?.family === "fault" ? leavingOut(trial.kind) : all;
      let sum = 0;
      for (const fold of folds) sum += (await scorer.scoreByFold(image, fold)).score;
      return sum / folds.length;
    },
    dispose: scorer.dispose,
  };
}

/** The experts on features, one a fold, which have seen no fault at all. An image that none was fitted to goes to any of them. */
function openFolds({ folds, expert }: FittedEncoder, indices: readonly (number | undefined)[]): Looker {
  return {
    kindsOn: () => faultKinds,
    async score(position, image, trial) {
      const index = indices[position];
      if (!trial && index !== undefined) return expert.record.heldOut.scores[index]!;
      return folds.scoreByFold(image, index === undefined ? 0 : folds.foldOf[index]!);
    },
    dispose: async () => undefined,
  };
}
