/**
 * Scoring on ONNX Runtime for browsers (WebAssembly, as it runs in Node) beside ONNX Runtime for Node, one thread each: processor time of a batch, by model
 * size. Each engine has a process of its own, as their libraries share a registry of what computes.
 *
 *     npm run build
 *     node bench/web-speed.mjs
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { randomKey } from "outglow/base";
import { scoringModel } from "outglow/detector";
import { makeGlow } from "outglow/flow";
import { packArrays } from "outglow/nn";

const cases = [
  { channels: 1, side: 32, depth: 6, width: 64, batch: 1 },
  { channels: 1, side: 32, depth: 6, width: 64, batch: 16 },
  { channels: 3, side: 32, depth: 8, width: 128, batch: 1 },
  { channels: 3, side: 32, depth: 8, width: 128, batch: 16 },
  { channels: 3, side: 64, depth: 8, width: 128, batch: 4 },
];

/** How an engine runs a model on images. */
const engines = {
  node: async (model, images) => {
    const { loadProgram } = await import("outglow/runtime");
    const program = await loadProgram(model, { threads: 1, weights: "constant" });
    return () => program.run({ images });
  },
  web: async (model, { data, shape }) => {
    const { env, InferenceSession, Tensor } = await import("onnxruntime-web");
    env.wasm.numThreads = 1;
    // As `web/engine/ort-engine.ts` has it.
    const session = await InferenceSession.create(model, {
      executionProviders: ["wasm"],
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      enableMemPattern: false,
      logSeverityLevel: 4,
    });
    return () => session.run({ images: new Tensor("uint8", data, shape) });
  },
};

async function measure(open, { channels, side, depth, width, batch }) {
  const flow = makeGlow({ channels, height: side, width: side, scales: 3, depth, hidden: width }, "convolutions");
  const parameters = packArrays(flow.parameters, flow.createParameters(randomKey("web speed")));
  const stream = randomKey("pixels").stream();
  const shape = [batch, channels, side, side];
  const data = Uint8Array.from({ length: batch * channels * side * side }, () => stream.integer(256));
  const run = await open(scoringModel(flow, parameters), { data, shape });
  const cost = async () => {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  // Until WebAssembly has been compiled a second time, as what runs often is.
  for (let spent = 0; spent < 2000; ) spent += await cost();
  const costs = [];
  for (let count = 0; count < 15; count++) costs.push(await cost());
  return costs.sort((a, b) => a - b)[7];
}

const [engine] = process.argv.slice(2);
if (engine !== undefined) {
  for (const one of cases) console.log(await measure(engines[engine], one));
} else {
  const costsOf = (name) =>
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), name], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map(Number);
  const [node, web] = ["node", "web"].map(costsOf);
  console.log("scoring on one thread, ms of processor time a batch: Node, WebAssembly, ratio");
  for (const [index, { channels, side, depth, width, batch }] of cases.entries()) {
    const model = `${channels}x${side}x${side}, depth ${depth}, width ${width}, batch ${batch}`;
    console.log(
      `  ${model}: ${node[index].toFixed(1)}, ${web[index].toFixed(1)}, ${(web[index] / node[index]).toFixed(2)}`,
    );
  }
}
