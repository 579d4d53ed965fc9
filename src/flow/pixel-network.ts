/**
 * The network of PixelCNN++ (Salimans, Karpathy, Chen & Kingma 2017, sections 2.3 and 2.4): what it says of a pixel depends on pixels before it alone, row by row.
 *
 *   down stream        y(r, c) sees rows above r: convolutions over 2x3 pixels, the own one at the lower middle
 *   down-right stream  y(r, c) sees these and what is left of c: over 2x2 pixels, the own one at the lower right
 *
 * Gated residual blocks, x + a sigmoid(b) with [a, b] = conv2(f(h)), h = norm(conv1(f(x)) + maps of f(aside)) and f(x) = elu([x, -x]); the
 * down-right stream looks aside at the down stream. Blocks at three resolutions shrink the image and enlarge it again, and the second half looks aside at the
 * first. Here as there, but for: ActNorm, folded into the weights, in place of weight normalisation; a second convolution that is zero at first; no dropout.
 */
import type { RandomKey } from "../base/index.ts";
import { add, concatenate, elu, multiply, type Neighbourhood, split, type Value, within } from "../graph/index.ts";
import type { ArraysOf, ParameterTree, ValuesOf } from "../nn/index.ts";
import { layouts, type NetworkForm } from "./network-form.ts";
import { affine, enlarging, gatedBlock, type Layer, normalizedSum, reading } from "./pixel-layers.ts";

/** Offsets [dy, dx] of rows and columns. */
function offsets(rows: readonly number[], columns: readonly number[]): Neighbourhood["taps"] {
  return rows.flatMap((row) => columns.map((column) => [row, column] as const));
}

/** The streams by their names, with what their convolutions read of the pixel's surroundings. */
const streams = {
  down: { rows: [-1, 0], columns: [-1, 0, 1] },
  right: { rows: [-1, 0], columns: [-1, 0] },
} as const;
type Stream = keyof typeof streams;

/** What a stream's convolution reads, and the same seen from what is read: where a pixel writes. */
function readBy(stream: Stream, stride = 1): Neighbourhood {
  return { taps: offsets(streams[stream].rows, streams[stream].columns), stride };
}
function writtenBy(stream: Stream, stride = 1): Neighbourhood {
  return { taps: readBy(stream).taps.map(([row, column]) => [0 - row, 0 - column] as const), stride };
}

/** What the first layers read of the image itself: the two rows above; the row above and the pixel to the left. */
const firstRead: Readonly<Record<Stream, Neighbourhood>> = {
  down: { taps: offsets([-2, -1], [-1, 0, 1]), stride: 1 },
  right: { taps: [...offsets([-1], [-1, 0, 1]), [0, -1]], stride: 1 },
};

/** The size of a network. */
export interface PixelNetworkSize {
  readonly channels: number;
  /** Gated residual blocks of a stream at a resolution. */
  readonly depth: number;
  /** Channels of a stream. */
  readonly width: number;
  /** How often the image is halved. */
  readonly halvings: number;
  /** Numbers that are said of a pixel, and what they are at first. */
  readonly outputs: Float32Array;
}

/** A network over images of any size that can be halved as often as it does. */
export interface PixelNetwork {
  readonly parameters: ParameterTree;
  createParameters(key: RandomKey): ArraysOf<ParameterTree>;
  /** Numbers of every pixel [outputs, H, W, N] from x [C, H, W, N], and the parameters with their norms as they are or (`fit`) fitted to x. */
  run(
    parameters: ValuesOf<ParameterTree>,
    x: Value,
    fit: boolean,
  ): { readonly parameters: ValuesOf<ParameterTree>; readonly y: Value };
}

/** The scopes of the repeated parts, as a regular expression. */
export const pixelBlockScopes = "(?:first|second)\\d+block\\d+(?:down|right)";

/** The network of a size, in a form: norms are fitted in products alone. */
export function pixelNetwork(
  { channels, depth, width, halvings, outputs }: PixelNetworkSize,
  form: NetworkForm,
): PixelNetwork {
  const layers: Record<string, Layer> = {};
  /** Blocks of the second half that look aside at the first one's: at every resolution one for each of its activations, but the very last, where it begins. */
  const seconds = (level: number): number => (level === halvings ? depth : depth + 1);
  for (const stream of ["down", "right"] as const) {
    const right = stream === "right" ? 1 : 0;
    layers[`start${stream}`] = normalizedSum(width, [reading(form, width, channels + 1, firstRead[stream])]);
    for (let level = 0; level <= halvings; level++) {
      for (let block = 0; block < depth; block++) {
        layers[`first${level}block${block}${stream}`] = gatedBlock(form, width, readBy(stream), right);
      }
      for (let block = 0; block < seconds(level); block++) {
        layers[`second${level}block${block}${stream}`] = gatedBlock(form, width, readBy(stream), 1 + right);
      }
      if (level === halvings) continue;
      layers[`shrink${level}${stream}`] = normalizedSum(width, [reading(form, width, width, readBy(stream, 2))]);
      layers[`enlarge${level}${stream}`] = normalizedSum(width, [enlarging(form, width, width, writtenBy(stream, 2))]);
    }
  }
  layers.last = affine(form, width, outputs);

  return {
    parameters: Object.fromEntries(Object.entries(layers).map(([name, layer]) => [name, layer.parameters])),
    createParameters: (key) =>
      Object.fromEntries(Object.entries(layers).map(([name, layer]) => [name, layer.createParameters(key.fold(name))])),
    run: (parameters, x, fit) => {
      const used: Record<string, ValuesOf<ParameterTree>> = {};
      const apply = (name: string, ...inputs: readonly Value[]): Value => {
        const inner = parameters[name] as ValuesOf<ParameterTree>;
        const result = within(x.graph, name, () => layers[name]!.apply(inner, inputs, fit));
        used[name] = result.parameters;
        return result.y;
      };
      const image = layouts[form].enter(withOnes(multiply(x, 2)));
      let state: Activations = { down: apply("startdown", image), right: apply("startright", image) };
      const kept = [state];
      for (let level = 0; level <= halvings; level++) {
        for (let block = 0; block < depth; block++) {
          const name = `first${level}block${block}`;
          const down = apply(`${name}down`, state.down);
          state = { down, right: apply(`${name}right`, state.right, down) };
          kept.push(state);
        }
        if (level === halvings) break;
        state = { down: apply(`shrink${level}down`, state.down), right: apply(`shrink${level}right`, state.right) };
        kept.push(state);
      }
      state = kept.pop()!;
      for (let level = halvings; level >= 0; level--) {
        for (let block = 0; block < seconds(level); block++) {
          const name = `second${level}block${block}`;
          const beside = kept.pop()!;
          const down = apply(`${name}down`, state.down, beside.down);
          state = { down, right: apply(`${name}right`, state.right, down, beside.right) };
        }
        if (level === 0) break;
        const larger = level - 1;
        state = { down: apply(`enlarge${larger}down`, state.down), right: apply(`enlarge${larger}right`, state.right) };
      }
      const y = apply("last", elu(state.right));
      return { parameters: used, y: layouts[form].leave(y) };
    },
  };
}

/** What both streams say at some point. */
type Activations = Readonly<Record<Stream, Value>>;

/** A channel of ones behind the others: it tells a black pixel from one outside the image. */
function withOnes(x: Value): Value {
  const [first] = split(
    x,
    0,
    [1, (x.shape[0] as number) - 1].filter((size) => size > 0),
  );
  return concatenate([x, add(multiply(first!, 0), 1)], 0);
}
