/** Optimisers against their formulas in float64, and the guard against non-finite steps. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { add, constant, gradients, input, makeGraph, multiply, reduceSum } from "../graph/index.ts";
import { compileGraph } from "../runtime/index.ts";
import { adam, adamax, guardedUpdate, type Optimizer, optimizerNamed } from "./index.ts";

const size = 5;
const rate = 0.05;

interface Run {
  readonly optimizer: Optimizer;
  readonly weightDecay: number;
  readonly clipNorm?: number;
}

/** Minimises sum(scale * p^2) + offset . p by the compiled update; `spoil` makes the loss of one step infinite. */
async function runCompiled({ optimizer, weightDecay, clipNorm }: Run, steps: number, spoil = -1) {
  const graph = makeGraph();
  const parameters = input(graph, "parameters", [size]);
  const scalars = input(graph, "scalars", [optimizer.scalarCount]);
  const bonus = input(graph, "bonus", []);
  const state = optimizer.stateNames.map((name) => input(graph, name, [size]));
  const loss = add(
    reduceSum(add(multiply(multiply(parameters, parameters), scaleOf(graph)), multiply(parameters, offsetOf(graph)))),
    multiply(bonus, reduceSum(parameters)),
  );
  const update = guardedUpdate(loss, parameters, gradients(loss, [parameters])[0]!, state, scalars, {
    optimizer,
    weightDecay,
    clipNorm,
  });
  const outputs = {
    next: update.parameters,
    applied: update.applied,
    gradientNorm: update.gradientNorm,
    ...Object.fromEntries(update.state.map((value, index) => [`next${index}`, value])),
  };
  const program = await compileGraph(outputs, { threads: 1 });
  const vector = (data: Float32Array) => ({ data, shape: [data.length] });
  let current = Float32Array.from(start);
  let moments = optimizer.stateNames.map(() => new Float32Array(size));
  const history = [];
  let count = 0;
  for (let step = 0; step < steps; step++) {
    const bonusValue = step === spoil ? Number.POSITIVE_INFINITY : 0;
    const results = await program.run({
      parameters: vector(current),
      scalars: vector(Float32Array.from(optimizer.scalars(rate, count + 1))),
      bonus: { data: Float32Array.of(bonusValue), shape: [] },
      ...Object.fromEntries(optimizer.stateNames.map((name, index) => [name, vector(moments[index]!)])),
    });
    const applied = results.applied!.data[0] === 1;
    if (applied) count++;
    const next = {
      parameters: results.next!.data as Float32Array,
      moments: optimizer.stateNames.map((_, index) => results[`next${index}`]!.data as Float32Array),
    };
    history.push({ before: { parameters: current, moments }, ...next, applied, norm: results.gradientNorm!.data[0]! });
    current = Float32Array.from(next.parameters);
    moments = next.moments.map((values) => Float32Array.from(values));
  }
  await program.dispose();
  return history;
}

const stream = randomKey("optimizer").stream();
const start = Array.from({ length: size }, () => stream.normal());
const scale = Float32Array.from({ length: size }, () => 0.5 + stream.uniform());
const offset = Float32Array.from({ length: size }, () => stream.normal());
const scaleOf = (graph: ReturnType<typeof makeGraph>) => constant(graph, scale, [size]);
const offsetOf = (graph: ReturnType<typeof makeGraph>) => constant(graph, offset, [size]);

/** The same in float64 from the formulas, written independently. */
function runReference(name: "adamax" | "adam", { weightDecay, clipNorm }: Run, steps: number): number[] {
  const [b1, b2, epsilon] = [0.9, 0.999, 1e-8];
  const p = Array.from(Float32Array.from(start));
  const m = p.map(() => 0);
  const second = p.map(() => 0);
  for (let t = 1; t <= steps; t++) {
    const raw = p.map((value, index) => 2 * scale[index]! * value + offset[index]!);
    const norm = Math.hypot(...raw);
    const shrink = clipNorm === undefined ? 1 : Math.min(1, clipNorm / norm);
    for (let index = 0; index < p.length; index++) {
      const g = raw[index]! * shrink + weightDecay * p[index]!;
      m[index] = b1 * m[index]! + (1 - b1) * g;
      const corrected = m[index]! / (1 - b1 ** t);
      if (name === "adamax") {
        second[index] = Math.max(b2 * second[index]!, Math.abs(g) + epsilon);
        p[index]! -= (rate * corrected) / second[index]!;
      } else {
        second[index] = b2 * second[index]! + (1 - b2) * g * g;
        p[index]! -= (rate * corrected) / (Math.sqrt(second[index]! / (1 - b2 ** t)) + epsilon);
      }
    }
  }
  return p;
}

describe.each([
  ["adamax", adamax],
  ["adam", adam],
] as const)("%s", (name, optimizer) => {
  test.each([
    ["plain", { weightDecay: 0 }],
    ["with weight decay", { weightDecay: 0.1 }],
    ["with clipping", { weightDecay: 0.01, clipNorm: 0.5 }],
  ])("%s follows its formula", async (_name, settings) => {
    const run = { optimizer, ...settings };
    const history = await runCompiled(run, 8);
    const expected = runReference(name, run, 8);
    for (const [index, value] of history.at(-1)!.parameters.entries()) expect(value).toBeCloseTo(expected[index]!, 5);
  });

  test("a step whose loss is not finite changes nothing, and the next one goes on", async () => {
    const history = await runCompiled({ optimizer, weightDecay: 0.1 }, 4, 2);
    const spoiled = history[2]!;
    expect(spoiled.applied).toBe(false);
    expect(spoiled.parameters).toEqual(spoiled.before.parameters);
    expect(spoiled.moments).toEqual(spoiled.before.moments);
    expect(history[3]!.applied).toBe(true);
    const expected = runReference(name, { optimizer, weightDecay: 0.1 }, 3);
    for (const [index, value] of history[3]!.parameters.entries()) expect(value).toBeCloseTo(expected[index]!, 5);
  });
});

test("the gradient norm is that before clipping", async () => {
  const [first] = await runCompiled({ optimizer: adamax, weightDecay: 0.1, clipNorm: 1e-3 }, 1);
  const gradient = start.map((value, index) => 2 * scale[index]! * value + offset[index]!);
  expect(first!.norm).toBeCloseTo(Math.hypot(...gradient), 4);
});

test("an unknown optimiser is refused", () => {
  expect(() => optimizerNamed("sgd")).toThrow("optimizer: expected adamax or adam, got 'sgd'");
});
