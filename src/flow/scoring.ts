/** The graph from pixels to likelihood terms: what training evaluates and what a detector carries. */

import { freeBatch, type ImageShape } from "../base/index.ts";
import {
  add,
  concatenate,
  type Graph,
  input,
  multiply,
  reshape,
  toFloat,
  transpose,
  type Value,
} from "../graph/index.ts";
import type { ParameterTree, ValuesOf } from "../nn/index.ts";

import type { Flow, ScaleTerm } from "./flow.ts";

/** A graph input `images`: uint8 [N, C, H, W] with a free batch size, unless one is given. */
export function imageInput(graph: Graph, { channels, height, width }: ImageShape, batch?: number): Value {
  return input(graph, "images", [batch ?? freeBatch, channels, height, width], "uint8");
}

/**
 * Pixels to data: x = pixel/256 - 0.5 + 1/512, the middle of every quantisation interval (Schirrmeister et al. 2020, authors' code,
 * invglow/evaluate.py), with the batch innermost: [N, C, H, W] to [C, H, W, N]. Pixels become numbers before they move, as ONNX Runtime's WebGPU moves numbers only.
 */
export function pixelsToData(images: Value): Value {
  return add(multiply(transpose(toFloat(images), [1, 2, 3, 0]), 1 / 256), -0.5 + 1 / 512);
}

/**
 * The terms of images under a flow: [N, scales, 2] in nats, log-det and prior term of every scale. Their sum over the last two axes is
 * log p(x).
 */
export function scoreTerms(flow: Flow, parameters: ValuesOf<ParameterTree>, images: Value): Value {
  return tableOfTerms(flow.normalize(parameters, pixelsToData(images)).terms, images);
}

/** Terms of N images as one table [N, scales, 2]. */
export function tableOfTerms(terms: readonly ScaleTerm[], images: Value): Value {
  const rows = terms.flatMap(({ logDet, prior }) => [logDet, prior]).map((row) => reshape(row, [1, images.shape[0]!]));
  const table = transpose(concatenate(rows, 0), [1, 0]);
  return reshape(table, [images.shape[0]!, terms.length, 2]);
}

/** log p(x) of data x [C, H, W, N], in nats: [N]. */
export function logLikelihood(flow: Flow, parameters: ValuesOf<ParameterTree>, x: Value): Value {
  const { terms } = flow.normalize(parameters, x);
  return terms.map(({ logDet, prior }) => add(logDet, prior)).reduce((sum, term) => add(sum, term));
}
