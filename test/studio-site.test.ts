/**
 * An exported folder as anybody has it: served by a plain file server, it scores in the page what `predict` scores, trains, and shows the paper.
 * Nothing that is dropped leaves the page.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync, zipSync } from "fflate";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { pngOf } from "../src/data/decoding/example-images.ts";
import { writeImages } from "../src/data/index.ts";
import { loadDetectorFolder, type TrainedModel, writeDetector } from "../src/detector/index.ts";
import { makeImages } from "../src/made/index.ts";
import { type FlowName, flowOf } from "../src/model/index.ts";
import { packArrays } from "../src/nn/index.ts";
import { nodeEngine } from "../src/runtime/index.ts";
import { type Prediction, predict } from "../src/workflow/index.ts";
import type { ScoredImage } from "../web/engine/messages.ts";
import { accessibilityFindings } from "./accessibility.ts";
import { runOutglow, temporaryFolder } from "./command.ts";
import { onePhase, trainingWith } from "./reference/training.ts";
import { openTab, type Tab, withoutBrowser } from "./studio-harness.ts";
import { buildPages } from "./studio-pages.ts";

const input = { channels: 1, height: 32, width: 32 };
const training = trainingWith({ input, model: { scales: 3, depth: 1, hidden: 8 }, general: onePhase });

/** A flow with all its numbers drawn: a fresh one leaves its couplings out. */
function drawnModel(label: FlowName): TrainedModel {
  const flow = flowOf(training, label);
  const { trainable, fixed } = packArrays(flow.parameters, flow.createParameters(randomKey(label)));
  const stream = randomKey(label).fold("moved").stream();
  const moved = trainable.map((value) => value + 0.05 * stream.normal());
  return { parameters: { trainable: moved, fixed }, steps: 1, heldOutBitsPerDimension: null };
}

async function writeSmallDetector(folder: string): Promise<void> {
  const data = (location: string) => ({ location: `/home/somebody/${location}`, count: 60, fingerprint: "made" });
  const made = makeImages({ kind: "normal", count: 60, specification: input, key: randomKey("held out") });
  await writeDetector(
    folder,
    {
      training,
      role: "detector",
      models: { normal: drawnModel("normal"), general: drawnModel("general") },
      data: { normal: data("train"), general: data("general"), outliers: null },
      heldOutPixels: made.pixels,
    },
    nodeEngine({ threads: 1 }),
  );
}

/** 50 images as a person has them: PNG, JPEG and WebP, of the model's size and larger. */
async function writeDropped(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const key = randomKey("dropped");
  await writeImages(makeImages({ kind: "normal", count: 20, specification: input, key }), input, folder);
  await writeImages(makeImages({ kind: "crosses", count: 20, specification: input, key }), input, folder);
  const side = 150;
  const large = makeImages({
    kind: "stars",
    count: 10,
    specification: { channels: 3, height: side, width: side },
    key,
  });
  for (const [index, name] of large.names.entries()) {
    const planes = large.pixels.subarray(index * 3 * side ** 2, (index + 1) * 3 * side ** 2);
    const samples = Uint8Array.from(planes, (_, at) => planes[(at % 3) * side ** 2 + Math.floor(at / 3)]!);
    const picture = sharp(samples, { raw: { channels: 3, height: side, width: side } });
    if (index % 2 === 0) await picture.jpeg({ quality: 90 }).toFile(join(folder, `${name}.jpg`));
    else await picture.webp({ lossless: true }).toFile(join(folder, `${name}.webp`));
  }
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** A page of somebody who has installed the package and uses no bundler. */
const plainPage = `<!doctype html><html lang="en"><title>plain</title><link rel="icon" href="icon.svg"><script type="module">
import * as library from "./library/index.js";
globalThis.scored = async (names) => {
  const detector = await library.openWebDetector("detector");
  const files = await Promise.all(names.map(async (name) => ({ name, blob: await (await fetch("images/" + name)).blob() })));
  const rows = [];
  for await (const row of detector.score(files)) rows.push(row);
  detector.close();
  return rows;
};
</script></html>`;

/** A plain file server of a folder and of others under a name, and what it was asked for. */
async function serveFolder(
  folder: string,
  others: Readonly<Record<string, string>>,
): Promise<{ readonly server: Server; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    asked.push(`${request.method} ${pathname} ${request.headers["content-length"] ?? 0}`);
    const path = pathname === "/" ? "/index.html" : decodeURIComponent(pathname);
    const [, first, rest] = /^\/(\w+)\/(.*)/.exec(path) ?? [];
    const other = others[first ?? ""];
    const body =
      path === "/plain.html"
        ? plainPage
        : await readFile(other === undefined ? join(folder, path) : join(other, rest!)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { "content-type": types[extname(path)] ?? "application/octet-stream" });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, asked };
}

/** The size in the header of a PNG that holds nothing else. */
function headerOfPng(width: number, height: number): Buffer {
  const png = Buffer.from(pngOf(new Uint8Array(4), { channels: 1, height: 2, width: 2 }));
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  return png;
}

const hostileName = `<img src=x onerror="document.title='taken'">.png`;

/** A second paper, of somebody who means no good. */
const hostilePaper = {
  kind: "outglow paper",
  version: 1,
  title: "<script>document.title = 'taken'</script>",
  authors: ["<b>Nobody</b>"],
  abstract: "Flows of <img src=x onerror=alert(1)> images.",
  works: [
    { title: "<svg onload=alert(1)>", authors: ["A. Author"], year: 1999, relation: "citing" },
    { title: "Ground", authors: [], year: null, relation: "cited", link: "https://example.org/ground" },
  ],
};

describe.skipIf(withoutBrowser("test/studio-site.test.ts"))("an exported folder", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let at: (name: string) => string;
  let server: Server;
  let asked: string[];
  let url: string;
  let tab: Tab;

  beforeAll(async () => {
    await buildPages();
    folder = await temporaryFolder();
    at = (name) => join(folder.path, name);
    await writeSmallDetector(at("rings"));
    await writeDropped(at("images"));
    const outcome = await runOutglow(folder.path, "studio", "export", "rings", "--out", "site");
    expect(outcome).toMatchObject({ code: 0 });
    const library = fileURLToPath(new URL("../dist/web", import.meta.url));
    ({ server, asked } = await serveFolder(at("site"), { library, images: at("images") }));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    tab = await openTab(url);
  }, 180_000);

  afterAll(async () => {
    await tab?.close();
    server?.close();
    await folder?.dispose();
  });

  const choose = (label: string, files: Parameters<Tab["page"]["setInputFiles"]>[1]): Promise<void> =>
    tab.page.locator(`input[aria-label="${label}"]`).setInputFiles(files);
  const goTo = async (address: string): Promise<void> => {
    await tab.page.goto(`${url}#${address}`);
    await tab.page.locator("main h1").waitFor();
  };

  /** What `predict` says of the images, by their names. */
  async function nodePredictions(score: string): Promise<ReadonlyMap<string, Prediction>> {
    const detector = await loadDetectorFolder(at("rings"), { threads: 1 });
    const found = new Map<string, Prediction>();
    for await (const one of predict(detector, at("images"), { score, falseAlarm: 0.02 })) {
      found.set(basename(one.file), one);
    }
    await detector.dispose();
    return found;
  }

  test("is written whole, tells no path of this machine, and is not overwritten unasked", async () => {
    const manifest = await readFile(at("site/detector/detector.json"), "utf8");
    expect(manifest).not.toContain("somebody");
    const again = await runOutglow(folder.path, "studio", "export", "rings", "--out", "site");
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("--force to replace a site") });
    const other = await runOutglow(folder.path, "studio", "export", "rings", "--out", "images", "--force");
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("other files in it") });
    await writeFile(at("paper.json"), JSON.stringify(hostilePaper));
    const withPaper = (paper: string) =>
      runOutglow(folder.path, "studio", "export", "rings", "--out", "site", "--force", "--paper", paper);
    expect(await withPaper("rings/weights.safetensors")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--paper"),
    });
    expect(await withPaper("paper.json")).toMatchObject({ code: 0 });
    expect(await readFile(at("site/paper.json"), "utf8")).toBe(JSON.stringify(hostilePaper));
    const forced = await runOutglow(folder.path, "studio", "export", "rings", "--out", "site", "--force");
    expect(forced).toMatchObject({ code: 0 });
    expect((await readdir(folder.path)).sort()).toEqual(["images", "paper.json", "rings", "site"]);
  });

  test("scores in the page what predict scores, and sends nothing", async () => {
    const { page, remarks } = tab;
    await page.getByText("Golden check passed").waitFor();
    const before = asked.length;
    const names = (await readdir(at("images"))).sort();
    await choose(
      "Files",
      names.map((name) => join(at("images"), name)),
    );
    await page.getByText("of 50 images marked").waitFor();
    await page.getByRole("status").filter({ hasText: "scored" }).waitFor({ state: "detached" });
    expect(asked.slice(before)).toEqual([]);
    // The hierarchy divides by what its features vary, which here is next to nothing.
    await page.getByRole("combobox", { name: "Score", exact: true }).selectOption("ratio");
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download as CSV" }).click();
    const csv = await readFile(await (await download).path(), "utf8");
    const [head, ...rows] = csv
      .trimEnd()
      .split("\n")
      .map((line) => line.split(","));
    expect(head!.slice(0, 5)).toEqual(["file", "score", "p_value", "anomalous", "rule"]);

    const expected = await nodePredictions("ratio");
    expect(rows.map(([name]) => name!).sort()).toEqual(names);
    const far: string[] = [];
    for (const [name, score, pValue] of rows) {
      const { score: wanted, pValue: p } = expected.get(name!)!;
      if (Math.abs(Number(score) - wanted) > 5e-2 || Number(pValue) !== p) {
        far.push(`${name}: ${score} for ${wanted}, p ${pValue} for ${p}`);
      }
    }
    expect(far).toEqual([]);
    expect(await page.locator("[data-sent]").getAttribute("data-sent")).toBe("0");
    expect(asked.filter((one) => !/^GET .* 0$/.test(one))).toEqual([]);
    expect(await accessibilityFindings(page)).toEqual([]);
    expect(remarks).toEqual([]);
  });

  test("has clear words for what it does not take, and stops thousands of files when told", async () => {
    const { page, remarks } = tab;
    await page.getByRole("button", { name: "Forget these" }).click();
    const png = { mimeType: "image/png" };
    await choose("Files", [
      {
        ...png,
        name: hostileName,
        buffer: Buffer.from(pngOf(new Uint8Array(1024), { channels: 1, height: 32, width: 32 })),
      },
      { ...png, name: "huge.png", buffer: headerOfPng(20_000, 10_000) },
      { ...png, name: "broken.png", buffer: Buffer.from("no picture") },
      { mimeType: "text/plain", name: "notes.txt", buffer: Buffer.from("no picture") },
    ]);
    await page.getByText("2 files without a score").click();
    expect(await page.locator("details li").allTextContents()).toEqual([
      expect.stringMatching(/^broken\.png: .*PNG, JPEG, WebP or AVIF/),
      expect.stringMatching(/^huge\.png: .*200 million pixels/),
    ]);
    await page.getByText("1 file left out: neither PNG").waitFor();
    expect(await page.locator("td.file").allTextContents()).toEqual([hostileName]);
    expect(await page.title()).not.toBe("taken");

    await page.getByRole("button", { name: "Forget these" }).click();
    const inside = {
      "one/a.png": await readFile(join(at("images"), "normal-00001.png")),
      "__MACOSX/._a.png": new Uint8Array(3),
    };
    const packed = Buffer.from(zipSync(inside));
    await choose("Files", [
      { mimeType: "application/zip", name: "some.zip", buffer: packed },
      { mimeType: "application/zip", name: "cut.zip", buffer: packed.subarray(0, 200) },
    ]);
    await page.getByText("of 1 image marked").waitFor();
    expect(await page.locator("td.file").allTextContents()).toEqual(["some.zip/one/a.png"]);

    await page.evaluate(`(() => {
      const bytes = document.querySelector('input[aria-label="Files"]');
      const picture = document.createElement("canvas");
      picture.width = picture.height = 32;
      return new Promise((resolve) => picture.toBlob((blob) => {
        const transfer = new DataTransfer();
        for (let index = 0; index < 5000; index++) transfer.items.add(new File([blob], "copy-" + index + ".png"));
        bytes.files = transfer.files;
        bytes.dispatchEvent(new Event("change", { bubbles: true }));
        resolve();
      }));
    })()`);
    await page.getByText("of 5,000 images scored").waitFor();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByText("of 5,000 images scored").waitFor({ state: "detached" });
    expect(await page.locator(".results tbody tr").count()).toBeLessThan(60);
    expect(remarks).toEqual([]);
  });

  test("is read by the library for browsers in a plain page, with Node's scores", async () => {
    const plain = await openTab(`${url}plain.html`);
    await plain.page.waitForFunction("'scored' in globalThis");
    const names = (await readdir(at("images"))).sort();
    const rows = await plain.page.evaluate<ScoredImage[]>(`scored(${JSON.stringify(names)})`);
    const wanted = await nodePredictions("likelihood");
    expect(rows.map(({ name }) => name)).toEqual(names);
    for (const { name, scores } of rows) {
      const { score } = wanted.get(name)!;
      expect(Math.abs(scores.likelihood! / score - 1), name).toBeLessThan(1e-4);
    }
    expect(plain.remarks).toEqual([]);
    await plain.close();
  });

  test("shows how normal images scored, with a threshold that keys move", async () => {
    const { page, remarks } = tab;
    await goTo("/scores");
    const slider = page.getByRole("slider", { name: "Threshold" });
    const before = await slider.getAttribute("aria-valuetext");
    expect(before).toMatch(/false-alarm rate .*, \d+ of 60 normal images beyond$/);
    await slider.focus();
    for (let press = 0; press < 5; press++) await page.keyboard.press("PageDown");
    expect(await slider.getAttribute("aria-valuetext")).not.toBe(before);
    expect(await accessibilityFindings(page)).toEqual([]);
    expect(remarks).toEqual([]);
  });

  test("shows the paper, as a drawing and as a table that say the same", async () => {
    const { page, remarks } = tab;
    await goTo("/paper");
    await page.getByText("102 works").waitFor();
    expect(await page.locator(".works tbody tr").count()).toBe(102);
    expect(await page.locator(".network [data-node]").count()).toBe(103);
    await page.getByLabel("Search titles and authors").fill("kirichenko");
    expect(await page.locator(".works tbody tr").count()).toBe(1);
    expect(await page.locator(".network .node.pale").count()).toBe(101);
    await page.getByRole("button", { name: "Show all", exact: true }).click();
    await page.getByRole("combobox", { name: "To", exact: true }).selectOption("2008");
    expect(await page.locator(".works tbody .title").allTextContents()).toEqual([
      expect.stringContaining("80 Million Tiny Images"),
    ]);
    await page.getByRole("button", { name: "Show all", exact: true }).click();
    await page.getByRole("button", { name: "Year", exact: true }).click();
    expect(await page.locator(".works tbody .title").first().textContent()).toContain("80 Million");

    // By keys alone: into the drawing, to a neighbour, and its panel.
    await page.locator('.network [data-node="0"]').focus();
    await page.keyboard.press("ArrowLeft");
    expect(await page.evaluate("document.activeElement.getAttribute('class')")).toContain("cited");
    await page.keyboard.press("Enter");
    await page.getByLabel("Chosen work").getByRole("link", { name: "View paper" }).waitFor();
    // A node that is dragged goes along with the pointer, and is not chosen.
    const node = page.locator('.network [data-node="5"] circle');
    const from = (await node.boundingBox())!;
    await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(from.x + 60, from.y + 40, { steps: 4 });
    const to = (await node.boundingBox())!;
    await page.mouse.up();
    expect(to.x - from.x).toBeGreaterThan(30);
    const width = async (): Promise<number> => (await node.boundingBox())!.width;
    const usual = await width();
    await page.getByRole("button", { name: "Zoom in" }).click();
    expect(await width()).toBeGreaterThan(1.2 * usual);
    expect(await accessibilityFindings(page)).toEqual([]);
    expect(remarks).toEqual([]);
  });

  test("shows another paper, and a hostile one as plain text", async () => {
    const { page, remarks } = tab;
    const show = (paper: object) =>
      choose("Paper's file", {
        name: "paper.json",
        mimeType: "application/json",
        buffer: Buffer.from(JSON.stringify(paper)),
      });
    await show(hostilePaper);
    await page.locator("h1", { hasText: hostilePaper.title }).waitFor();
    expect(await page.locator(".works tbody .title").allTextContents()).toEqual(["<svg onload=alert(1)>", "Ground"]);
    expect(await page.locator("article script, article b, article img").count()).toBe(0);
    const works = [{ title: "A", relation: "citing", link: "javascript:document.title='taken'" }];
    await show({ ...hostilePaper, works });
    await page.getByRole("alert").getByText("works[0].link: expected an address of https or http").waitFor();
    expect(await page.title()).not.toBe("taken");
    expect(remarks).toEqual([]);
  });

  test("draws the paper's figures with the detector", async () => {
    const { page, remarks } = tab;
    await page.reload();
    await page
      .getByRole("button", { name: /^Draw this figure/ })
      .first()
      .click();
    await page.getByText(/^Rank correlation of the two flows: -?\d/).waitFor();
    expect(await page.locator(".scales .histogram").count()).toBe(3);
    expect(remarks).toEqual([]);
  });

  test("trains a detector that Node takes, with the same golden outputs", async () => {
    const { page, remarks } = tab;
    await goTo("/train");
    await choose("Folder", at("images"));
    await page.getByText("50 normal images chosen").waitFor();
    await page.getByRole("button", { name: "Train", exact: true }).click();
    const finish = page.getByRole("button", { name: /^Finish now/ });
    await page.getByText(/Images of everything: step/).waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await finish.click();
    await page.getByText("bits/dim on images held out").waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save it as detector.zip" }).click();
    const files = unzipSync(new Uint8Array(await readFile(await (await download).path())));
    await mkdir(at("trained"), { recursive: true });
    for (const [path, bytes] of Object.entries(files))
      await writeFile(join(at("trained"), path.split("/").at(-1)!), bytes);
    // Loading checks the golden outputs.
    const detector = await loadDetectorFolder(at("trained"), { threads: 1 });
    expect(detector.manifest.data.normal).toMatchObject({ location: "images", count: 50 });
    const scored: Prediction[] = [];
    for await (const one of predict(detector, at("images"))) scored.push(one);
    expect(scored).toHaveLength(50);
    await detector.dispose();
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByText("Golden check passed").waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    expect(remarks).toEqual([]);
  });
});
