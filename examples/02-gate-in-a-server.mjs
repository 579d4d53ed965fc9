// A gate in front of a classifier: an image that is unlike all it was trained on is refused instead of classified.
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { loadDetector } from "outglow";

const [folder] = process.argv.slice(2);
const detector = await loadDetector(folder);

/** Yours: whatever tells classes apart. */
const classify = async (_image) => ({ label: "screw", confidence: 0.97 });

export const app = new Hono();
app.post("/classify", async (context) => {
  const image = new Uint8Array(await context.req.arrayBuffer());
  try {
    const [{ score, pValue, anomalous }] = await detector.score([image], { falseAlarm: 0.05 });
    if (anomalous) return context.json({ error: "unlike the images that this was trained on", score, pValue }, 422);
    return context.json({ ...(await classify(image)), pValue });
  } catch (error) {
    return context.json({ error: error.message }, 400);
  }
});

if (process.argv[1] === fileURLToPath(import.meta.url)) serve({ fetch: app.fetch, port: 8080 });
