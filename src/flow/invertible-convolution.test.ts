/** The inverse of a 1x1 convolution's matrix, as exact as float32 has it. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { gemm, makeGraph } from "../graph/index.ts";
import { constantValues, packArrays } from "../nn/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { invertibleConvolution, luInverse, luMatrix } from "./invertible-convolution.ts";

test.each([4, 48, 192])(
  "of %i channels it undoes the matrix to some roundings, as many as it has",
  async (channels) => {
    const { parameters, createParameters } = invertibleConvolution({ channels, height: 1, width: 1 });
    const graph = makeGraph();
    const values = constantValues(graph, parameters, packArrays(parameters, createParameters(randomKey(channels))));
    const product = gemm(luMatrix(values), luInverse(values));
    const program = await nodeEngine({ threads: 1 }).compile({ product });
    const { data } = (await program.run({}).finally(() => program.dispose())).product!;
    const errors = data.map((value, index) => Math.abs(value - (index % (channels + 1) === 0 ? 1 : 0)));
    expect(Math.max(...errors)).toBeLessThan(1e-5);
  },
);
