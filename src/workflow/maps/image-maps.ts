/** Maps of images that are looked at one by one: of every scale of a flow, of every score that is a sum of its terms, and of what looks at places. */
import { ConfigError, nearestSpelling } from "../../base/index.ts";
import {
  type Detector,
  detectorSources,
  type FlowMapper,
  hasFlowMaps,
  type Manifest,
  type ScaleMap,
  scoreMap,
} from "../../detector/index.ts";
import type { RawImage } from "../../pixels/index.ts";
import { isPlaced, type PlacedSource, scoreDefinitions } from "../../score/index.ts";
import { type PlacedMaps, placesOf } from "./place-scoring.ts";
import { heardParts, placedView } from "./placed-maps.ts";
import { flowHeat, type HeatImage, type MapSubject, mapSubject, nameOfMap } from "./score-maps.ts";

/** A map that can be drawn. */
export interface MapChoice {
  readonly name: string;
  /** Whether it is of the image at its own size; otherwise of what the model sees. */
  readonly whole: boolean;
}

/** An image to be looked at. */
export interface LookedImage {
  readonly name: string;
  /** uint8 [C, H, W] as the model takes it. */
  readonly pixels: Uint8Array;
  /** The image at its own size. */
  readonly whole: () => Promise<RawImage>;
  /** Its score of the map's name, where that is known: a flow's map is tinted as strongly as the image is unusual. */
  readonly score: number | undefined;
}

/** The maps of a detector, opened as they are needed. */
export interface ImageMaps {
  /** Throws ConfigError for a map that there is not. */
  draw(map: string, image: LookedImage): Promise<HeatImage>;
  dispose(): Promise<void>;
}

interface NamedMap extends MapChoice {
  readonly subject: MapSubject;
}

/** The name of the map of all parts that a joined score hears. */
const jointMap = "joined";

/** The maps that a detector can draw: the one for its default score first, then what looks at places and scores of the flow as they are listed. */
export function mapChoices(manifest: Manifest): readonly MapChoice[] {
  const maps = namedMaps(manifest);
  if (maps.length === 0) return [];
  const subject = mapSubject(manifest, manifest.defaultScore);
  const first = subject.kind === "joined" ? jointMap : nameOfMap(subject);
  const order = [...maps.filter(({ name }) => name === first), ...maps.filter(({ name }) => name !== first)];
  return order.map(({ name, whole }) => ({ name, whole }));
}

function namedMaps(manifest: Manifest): readonly NamedMap[] {
  const sources = detectorSources(manifest);
  const heard = heardParts(manifest, manifest.defaultScore);
  const joint: readonly NamedMap[] =
    heard.length > 1 ? [{ name: jointMap, whole: true, subject: { kind: "joined", parts: heard } }] : [];
  const placed = sources.filter(isPlaced).map((part: PlacedSource): NamedMap => {
    return { name: part, whole: true, subject: { kind: part } };
  });
  const definitions = hasFlowMaps(manifest.training) ? scoreDefinitions(manifest.training.model.scales, sources) : [];
  const flows = definitions.flatMap(({ name, sum }): NamedMap[] =>
    sum ? [{ name, whole: false, subject: { kind: "flow", score: name, sum } }] : [],
  );
  return [...joint, ...placed, ...flows];
}

/** Opens the maps of a detector. What was computed of the last image is kept: its other maps cost next to nothing. */
export function openImageMaps(detector: Detector): ImageMaps {
  const { manifest } = detector;
  const { input, calibration } = manifest;
  const maps = namedMaps(manifest);
  const mappers = new Map<string, Promise<FlowMapper>>();
  let last:
    | {
        readonly pixels: Uint8Array;
        readonly scales: Map<string, Promise<readonly ScaleMap[]>>;
        places?: Promise<Looked>;
      }
    | undefined;
  const rememberedOf = (pixels: Uint8Array): NonNullable<typeof last> => {
    if (!last || Buffer.compare(last.pixels, pixels) !== 0) last = { pixels: pixels.slice(), scales: new Map() };
    return last;
  };
  const scalesOf = (model: "normal" | "general" | "local", pixels: Uint8Array): Promise<readonly ScaleMap[]> => {
    const { scales } = rememberedOf(pixels);
    const mapper = mappers.get(model) ?? detector.openMapper(model);
    mappers.set(model, mapper);
    const known = scales.get(model) ?? mapper.then((opened) => opened.run(pixels));
    scales.set(model, known);
    return known;
  };
  const look = async (whole: () => Promise<RawImage>): Promise<Looked> => {
    const image = await whole();
    let seen: PlacedMaps = {};
    await placesOf(
      detector,
      1,
      async () => image,
      (mapped) => {
        seen = mapped.maps;
      },
    );
    return { image, maps: seen };
  };
  return {
    async draw(name, { name: file, pixels, whole, score }) {
      const subject = maps.find((map) => map.name === name)?.subject;
      if (!subject) throw unknownMap(name, maps);
      if (subject.kind !== "flow") {
        const remembered = rememberedOf(pixels);
        remembered.places ??= look(whole);
        const { image, maps: seen } = await remembered.places;
        const { range, draw } = placedView(manifest, subject);
        return { name: file, image, heat: draw(seen, image), range, enlargement: 1 };
      }
      const { less } = subject.sum;
      const normal = await scalesOf("normal", pixels);
      const heat = scoreMap(subject.sum, input, 0, normal, less && (await scalesOf(less, pixels)));
      const { channels, height, width } = input;
      const own = score ?? heat.reduce((sum, value) => sum + value, 0);
      return flowHeat(file, { kind: "raw", pixels, channels, height, width }, heat, {
        score: own,
        normalScores: calibration.scores[name] ?? [],
      });
    },
    async dispose() {
      for (const mapper of mappers.values())
        await mapper.then(
          (opened) => opened.dispose(),
          () => undefined,
        );
    },
  };
}

interface Looked {
  readonly image: RawImage;
  readonly maps: PlacedMaps;
}

function unknownMap(name: string, maps: readonly MapChoice[]): ConfigError {
  const names = maps.map((map) => map.name);
  const near = nearestSpelling(name, names);
  return new ConfigError({
    code: "unknown-name",
    subject: "map",
    expected: names.length === 0 ? "a detector whose scores have places" : `one of ${names.join(", ")}`,
    got: `'${name}'`,
    ...(near !== undefined && { remedy: { key: "did-you-mean", name: near } as const }),
  });
}
