/** A fault detector at work: from an image to a map of cells, a score and a p-value. Portable. */
import type { RawImage } from "../pixels/index.ts";
import type { Engine } from "../runtime/index.ts";
import { type CellMap, meanMap, standardised, topMean } from "./cell-map.ts";
import type { CellLogits } from "./cell-windows.ts";
import { atLevels, withChannels } from "./levels.ts";
import { openLogits } from "./logits.ts";
import { faultNetwork } from "./network.ts";
import type { FaultDetector, FaultRecord } from "./record.ts";

/** A map of one level. */
export interface LevelMap {
  readonly level: number;
  readonly map: CellMap;
}

/** What a fault detector says of one image. */
export interface FaultScore {
  /** The mean of the top 1 % of the joined map's cells. Higher = more anomalous. */
  readonly score: number;
  /** The scores of every network's own map: what held-out images were scored by, each by the network that did not see it. */
  readonly foldScores: readonly number[];
  /** The share of held-out normal images that look at least as faulty to the network that did not see them. */
  readonly pValue: number;
  /** Standardised logits, the mean over networks and, by their sides, over levels, on the grid of the largest level. */
  readonly map: CellMap;
  /** The same of every level, the largest first. */
  readonly levels: readonly LevelMap[];
}

/** What one fold's network alone says of an image. */
export interface FoldScore extends JoinedLevels {
  /** The mean of the top 1 % of the map's cells, as in `FaultRecord.folds[fold].scores`. */
  readonly score: number;
}

/** Scores images. */
export interface FaultScorer {
  score(image: RawImage): Promise<FaultScore>;
  /** Scores an image by one fold's network, to which the normal images of that fold and the kinds of faults that it left out are new. */
  scoreByFold(image: RawImage, fold: number): Promise<FoldScore>;
  dispose(): Promise<void>;
}

/** What a record says of folds and of how images are looked at. */
export interface FoldRecord extends Pick<FaultRecord, "channels" | "folds"> {
  readonly settings: Pick<FaultRecord["settings"], "levels" | "aspect" | "small">;
}

/** Opens a detector's networks on an engine that is handed in. */
export function faultScorerOn(engine: Engine, { record, networks }: FaultDetector): FaultScorer {
  const { channels, pixelScale, settings } = record;
  const network = faultNetwork({ channels, width: settings.width });
  return foldScorer(
    record,
    networks.map((parameters) => openLogits(network, parameters, pixelScale, engine)),
  );
}

/** What looks at cells, one a fold, as a scorer. */
export function foldScorer(record: FoldRecord, opened: readonly CellLogits[]): FaultScorer {
  const { channels, settings } = record;
  const levelsOf = (image: RawImage) => atLevels(withChannels(image, channels), settings);
  const joinedBy = async (fold: number, levels: ReturnType<typeof levelsOf>): Promise<JoinedLevels> =>
    joinLevels(await logitsOf(opened[fold]!, levels), record.folds[fold]!.levels);
  return {
    async scoreByFold(image, fold) {
      const joined = await joinedBy(fold, levelsOf(image));
      return { ...joined, score: topMean(joined.map) };
    },
    async score(image) {
      const levels = levelsOf(image);
      const perFold: JoinedLevels[] = [];
      for (const fold of opened.keys()) perFold.push(await joinedBy(fold, levels));
      const map = meanMap(perFold.map((joined) => joined.map));
      const foldScores = perFold.map((joined) => topMean(joined.map));
      return {
        score: topMean(map),
        foldScores,
        pValue: crossConformal(record, foldScores),
        map,
        levels: perFold[0]!.levels.map(({ level }, index) => ({
          level,
          map: meanMap(perFold.map((joined) => joined.levels[index]!.map)),
        })),
      };
    },
    async dispose() {
      for (const logits of opened) await logits.dispose();
    },
  };
}

async function logitsOf(logits: CellLogits, levels: readonly { readonly level: number; readonly image: RawImage }[]) {
  const maps: LevelMap[] = [];
  for (const { level, image } of levels) maps.push({ level, map: await logits.run(image) });
  return maps;
}

/** Standardised maps and their mean. */
export interface JoinedLevels {
  readonly map: CellMap;
  readonly levels: readonly LevelMap[];
}

/**
 * Brings every level's logits to mean 0 and deviation 1 over normal images, and takes their mean, each weighted by its side: fine levels show
 * where a fault is, coarse ones what else there is. A level without moments is left out.
 */
export function joinLevels(maps: readonly LevelMap[], moments: FaultRecord["folds"][number]["levels"]): JoinedLevels {
  const levels = maps.flatMap(({ level, map }) => {
    const found = moments.find((entry) => entry.level === level);
    return found ? [{ level, map: standardised(map, found) }] : [];
  });
  const joined = meanMap(
    levels.map(({ map }) => map),
    levels.map(({ level }) => level),
  );
  return { map: joined, levels };
}

/**
 * p = (1 + #{held-out images that score at least as high as x does under the same network}) / (n + 1), over all folds (Vovk 2015, cross-conformal
 * predictors; Barber et al. 2021, CV+).
 */
function crossConformal({ folds }: FoldRecord, scores: readonly number[]): number {
  const above = folds.reduce(
    (sum, fold, index) => sum + fold.scores.filter((score) => score >= scores[index]!).length,
    0,
  );
  const count = folds.reduce((sum, fold) => sum + fold.scores.length, 0);
  return (1 + above) / (count + 1);
}
