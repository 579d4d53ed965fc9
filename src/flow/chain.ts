/** Bijectors one after the other, as a bijector. */
import { ShapeError } from "../base/index.ts";
import { add, after, constant, type Value, within } from "../graph/index.ts";
import { mapLeaves, type ParameterTree, type ValuesOf } from "../nn/index.ts";
import type { Bijector } from "./bijector.ts";

/**
 * The composition of named bijectors, first to last in the direction of `normalize`.
 * Throws ShapeError where the input of one does not have the shape of the output before it.
 */
export function chain(name: string, parts: Readonly<Record<string, Bijector>>): Bijector {
  const entries = Object.entries(parts);
  const [first] = entries;
  const last = entries.at(-1);
  if (!first || !last) throw new ShapeError(`chain: expected at least one bijector in '${name}', got none`);
  for (const [index, [partName, part]] of entries.entries()) {
    const before = entries[index - 1]?.[1];
    if (before && JSON.stringify(before.outputShape) !== JSON.stringify(part.inputShape)) {
      const shapes = `${JSON.stringify(before.outputShape)} before ${JSON.stringify(part.inputShape)}`;
      throw new ShapeError(`chain: expected neighbours that fit at '${partName}' in '${name}', got ${shapes}`);
    }
  }
  const inner = (parameters: ValuesOf<ParameterTree>, key: string) => parameters[key] as ValuesOf<ParameterTree>;

  // What a part adds at a place must stay at that place of the output: only the first part, before anything is added, may change the size.
  const placed = entries.every(
    ([, { normalizeByPlace, inputShape, outputShape }], index) =>
      normalizeByPlace !== undefined &&
      (index === 0 || (inputShape.height === outputShape.height && inputShape.width === outputShape.width)),
  );
  const normalizeByPlace: NonNullable<Bijector["normalizeByPlace"]> = (parameters, x) => {
    let z = x;
    let logDet: Value | undefined;
    for (const [key, part] of entries) {
      const result = within(x.graph, key, () => part.normalizeByPlace!(inner(parameters, key), z));
      z = result.z;
      logDet = logDet ? add(logDet, result.logDet) : result.logDet;
    }
    return { z, logDet: logDet! };
  };

  return {
    name,
    composite: true,
    inputShape: first[1].inputShape,
    outputShape: last[1].outputShape,
    parameters: Object.fromEntries(entries.map(([key, part]) => [key, part.parameters])),
    createParameters: (key) =>
      Object.fromEntries(entries.map(([partName, part]) => [partName, part.createParameters(key.fold(partName))])),
    adapt: (parameters, x) => {
      let z = x;
      const adapted: Record<string, ValuesOf<ParameterTree>> = {};
      for (const [key, part] of entries) {
        const result = within(x.graph, key, () => part.adapt(inner(parameters, key), z));
        adapted[key] = result.parameters;
        z = result.z;
      }
      return { parameters: adapted, z };
    },
    normalize: (parameters, x) => {
      let z = x;
      let logDet: Value = constant(x.graph, 0);
      for (const [key, part] of entries) {
        const result = within(x.graph, key, () => reversibly(part, inner(parameters, key), z));
        z = result.z;
        logDet = add(logDet, result.logDet);
      }
      return { z, logDet };
    },
    ...(placed && { normalizeByPlace }),
    generate: (parameters, z) => {
      let x = z;
      let logDet: Value = constant(z.graph, 0);
      for (const [key, part] of entries.toReversed()) {
        const result = within(z.graph, key, () => part.generate(inner(parameters, key), x));
        x = result.x;
        logDet = add(logDet, result.logDet);
      }
      return { x, logDet };
    },
  };
}

/**
 * `normalize` of a part, with its inverse noted where the graph wants it: a gradient may make what came into the part again instead of keeping it. The
 * log-det comes before the output then: otherwise the engine would put it off to the end, and keep what it is made from in every part.
 */
function reversibly(part: Bijector, parameters: ValuesOf<ParameterTree>, x: Value): ReturnType<Bijector["normalize"]> {
  const { z, logDet } = part.normalize(parameters, x);
  if (!x.graph.wantsInverses || part.composite) return { z, logDet };
  const output = logDet.shape.length === 0 ? z : after(z, logDet);
  x.graph.noteInverse({
    input: x,
    output,
    invert: (given, stand) => part.generate(mapLeaves(part.parameters, parameters, stand), given).x,
  });
  return { z: output, logDet };
}
