/** Recomputed gradients: the same numbers as kept ones, and nothing large kept from the way forward. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { compileGraph } from "../runtime/index.ts";
import { gradients } from "./gradient.ts";
import { type Graph, makeGraph, reachableNodes, within } from "./graph.ts";
import { add, concatenate, gemm, input, multiply, reduceSum, relu, sigmoid, split, subtract } from "./ops/functions.ts";
import type { Recomputation } from "./recomputation.ts";
import type { Value } from "./value.ts";

const [narrow, wide, columns, depth] = [3, 40, 5, 4];
const steps: Recomputation = { regionOf: (scope) => /^step\d+/.exec(scope)?.[0] };

/** A residual network: every step is narrow outside and wide inside. */
function build(graph: Graph): { loss: Value; parameters: Value[]; x: Value } {
  const x = input(graph, "x", [narrow, columns]);
  const parameters: Value[] = [];
  let y = x;
  for (let step = 0; step < depth; step++) {
    y = within(graph, `step${step}`, () => {
      const weights = [
        input(graph, `up${step}`, [wide, narrow]),
        input(graph, `across${step}`, [wide, wide]),
        input(graph, `down${step}`, [narrow, wide]),
        input(graph, `scale${step}`, [wide, 1]),
      ] as const;
      parameters.push(...weights);
      const first = relu(gemm(multiply(weights[0], weights[3]), y));
      return add(y, gemm(weights[2], sigmoid(gemm(weights[1], first))));
    });
  }
  return { loss: reduceSum(multiply(y, y)), parameters, x };
}

async function run(recomputation: Recomputation | undefined): Promise<Float32Array[]> {
  const graph = makeGraph();
  const { loss, parameters, x } = build(graph);
  const outputs = Object.fromEntries(
    gradients(loss, [...parameters, x], recomputation).map((value, index) => [`gradient${index}`, value]),
  );
  const program = await compileGraph({ loss, ...outputs }, { threads: 1, weights: "given" });
  const feeds = Object.fromEntries(
    [...parameters, x].map(({ node, shape }) => {
      const { name } = node.attributes as { name: string };
      const stream = randomKey(name).stream();
      const size = (shape[0] as number) * (shape[1] as number);
      return [name, { data: Float32Array.from({ length: size }, () => stream.normal()), shape: shape as number[] }];
    }),
  );
  const results = await program.run(feeds);
  await program.dispose();
  return program.outputNames.map((name) => results[name]!.data as Float32Array);
}

test("gradients are the same, bit for bit", async () => {
  expect(await run(steps)).toEqual(await run(undefined));
});

/** Values made on the way forward that the way back reads, no inputs. */
function kept(recomputation: Recomputation | undefined): number[] {
  const graph = makeGraph();
  const { loss, parameters } = build(graph);
  const forward = new Set(reachableNodes([loss]));
  const back = reachableNodes(gradients(loss, parameters, recomputation)).filter((node) => !forward.has(node));
  const read = new Set(back.flatMap((node) => node.inputs));
  const made = [...read].filter(({ node }) => forward.has(node) && node.op !== "input" && node.op !== "constant");
  return made.map(({ shape }) => shape.reduce<number>((size, dimension) => size * (dimension as number), 1));
}

test("only values no larger than what comes into a step are kept", () => {
  expect(Math.max(...kept(steps))).toBe(narrow * columns);
  expect(Math.max(...kept(undefined))).toBe(wide * columns);
});

test("what is made again waits for the gradient that asks for it", () => {
  const graph = makeGraph();
  const { loss, parameters } = build(graph);
  const nodes = reachableNodes(gradients(loss, parameters, steps));
  const waits = nodes.filter(({ op }) => op === "after");
  expect(waits.length).toBeGreaterThanOrEqual(depth);
  const leaving = [...Array(depth).keys()].map((step) => `step${step}`);
  for (const step of leaving) {
    const again = nodes.filter(({ scope }) => scope.startsWith(`${step}/again`));
    expect(
      again.some(({ op }) => op === "gemm"),
      step,
    ).toBe(true);
    const sources = reachableNodes(again.flatMap(({ outputs }) => outputs));
    expect(
      sources.some(({ op }) => op === "after"),
      step,
    ).toBe(true);
  }
});

test("without regions nothing changes", () => {
  const graph = makeGraph();
  const { loss, parameters } = build(graph);
  const plain = gradients(loss, parameters);
  expect(gradients(loss, parameters, { regionOf: () => undefined })).toEqual(plain);
});

/** Additive couplings with inverses: halves change roles from one to the next. */
function buildInvertible(graph: Graph): { loss: Value; parameters: Value[]; x: Value } {
  const x = input(graph, "x", [2 * narrow, columns]);
  const parameters: Value[] = [];
  let y = x;
  for (let step = 0; step < depth; step++) {
    y = within(graph, `step${step}`, () => {
      const up = input(graph, `up${step}`, [wide, narrow]);
      const down = input(graph, `down${step}`, [narrow, wide]);
      parameters.push(up, down);
      const shift = (a: Value, stand: (given: Value) => Value) => gemm(stand(down), relu(gemm(stand(up), a)));
      const halves = (whole: Value) => split(whole, 0, [narrow, narrow]) as readonly [Value, Value];
      const [a, b] = halves(y);
      const output = concatenate(
        [
          add(
            b,
            shift(a, (given) => given),
          ),
          a,
        ],
        0,
      );
      graph.noteInverse({
        input: y,
        output,
        invert: (given, stand) => {
          const [moved, still] = halves(given);
          return concatenate([still, subtract(moved, shift(still, stand))], 0);
        },
      });
      return output;
    });
  }
  return { loss: reduceSum(multiply(y, multiply(y, y))), parameters, x };
}

test("parts with an inverse keep nothing but what leaves the last, and go through their network once on the way back", () => {
  const graph = makeGraph({ inverses: true });
  const { loss, parameters } = buildInvertible(graph);
  const forward = new Set(reachableNodes([loss]));
  const inverted: Value[] = [];
  const slopes = gradients(loss, parameters, { ...steps, onInverted: (value) => inverted.push(value) });
  const back = reachableNodes(slopes).filter((node) => !forward.has(node));
  const read = back.flatMap((node) => node.inputs).filter(({ node }) => forward.has(node) && node.op !== "input");
  const last = graph.inverseAt(`step${depth - 1}`)!.output;
  const activations = new Set(read.filter(({ node, shape }) => node.op !== "constant" && shape.length > 0));
  // What cubes the output reads its square, too.
  expect([...activations].every((value) => value === last || value.node.inputs[0] === last)).toBe(true);
  // The first part's input is given.
  expect(inverted.map(({ node }) => node.scope)).toEqual(["step2", "step1", "step0"]);
  // Two products a part, but for the first two, where nobody needs b.
  const again = back.filter(({ op, scope }) => op === "gemm" && scope.endsWith("/again"));
  expect(again).toHaveLength(2 * (depth - 2) + 2);
});

test("a graph that does not ask for inverses has none", () => {
  const graph = makeGraph();
  const { loss, parameters } = buildInvertible(graph);
  const plain = gradients(loss, parameters, { regionOf: () => undefined });
  expect(gradients(loss, parameters)).toEqual(plain);
});
