// A detector outside Outglow: export once, then nothing but an ONNX runtime and the description beside the model.
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { exportDetector } from "outglow";

const [detector, out] = process.argv.slice(2);
await exportDetector({ detector, out, force: true });

// From here on another program, perhaps in another language.
const { inputs, decision, score: meaning } = JSON.parse(readFileSync(`${out}/metadata.json`, "utf8"));
const [, channels, height, width] = inputs[0].shape;
const session = await InferenceSession.create(`${out}/model.onnx`);
const pixels = new Uint8Array(2 * channels * height * width).fill(128); // two images, prepared as metadata.json says
const images = new Tensor("uint8", pixels, [2, channels, height, width]);
const { score, p_value } = await session.run({ images });
console.log(
  meaning.name,
  score.data[0].toFixed(2),
  "p",
  p_value.data[0].toFixed(3),
  p_value.data[0] <= decision.pValueAtMost ? "odd" : "fine",
);
await session.release();
