/** Looking and deciding in the studio: a made set is scored, the threshold moved, the worst image opened, marked and calibrated on, and all of it undone. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { Manifest } from "../src/detector/index.ts";
import { loadDetector, predict, train } from "../src/workflow/index.ts";
import { accessibilityFindings } from "./accessibility.ts";
import { writeMadeImages } from "./command.ts";
import { ownStudio, type Tab, type TestStudio, withoutBrowser } from "./studio-harness.ts";

const hostileName = `odd <img src=x onerror="document.title='no'"> #1 %2e%2e.png`;

describe.skipIf(withoutBrowser("test/studio-looking.test.ts"))("looking and deciding", () => {
  let studio: TestStudio;
  let tab: Tab;
  let page: Page;
  /** The set of the worst image. */
  let worst = "";
  const at = (...parts: string[]): string => join(studio.folder, ...parts);

  beforeAll(async () => {
    studio = await ownStudio();
    await writeMadeImages(at("images", "train"), "normal", 100);
    await writeMadeImages(at("images", "test-normal"), "normal", 40, "new");
    await writeMadeImages(at("images", "test-stars"), "stars", 20);
    const [first] = [at("images", "test-stars", "stars-00000.png")];
    await writeFile(at("images", "test-stars", hostileName), await readFile(first));
    const request = { size: 16, scales: 2, depth: 2, width: 8, batch: 16, threads: 1, heldOut: 0.4, evaluateEvery: 10 };
    await train({ ...request, normal: at("images", "train"), out: at("detector"), steps: 20 });
    tab = await studio.open("/scores");
    page = tab.page;
  });

  const manifest = async (): Promise<Manifest> => JSON.parse(await readFile(at("detector", "detector.json"), "utf8"));
  const marked = async (set: string): Promise<number> =>
    Number(await page.locator(`[data-marked="${set}"]`).textContent());

  test("a made set is scored as predict scores it", async () => {
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.getByLabel("Also scores by lossless coders").uncheck();
    await page.getByRole("button", { name: "Score", exact: true }).click();
    await page.getByRole("heading", { name: "Scores compared" }).waitFor({ timeout: 30_000 });
    const run = page.url().split("/").at(-1)!;
    const scoring = (await (await studio.ask(`/api/scorings/${run}`)).json()) as {
      defaultScore: string;
      sets: { name: string; first: number; count: number }[];
    };
    expect(scoring.sets.map(({ name, count }) => [name, count])).toEqual([
      ["held out", 40],
      ["test-normal", 40],
      ["test-stars", 21],
    ]);
    const answer = await studio.ask(`/api/scorings/${run}/columns/${scoring.defaultScore}`);
    const column = new Float64Array(await answer.arrayBuffer());
    const detector = await loadDetector(at("detector"), { threads: 1 });
    const scores: number[] = [];
    for await (const { score } of predict(detector, at("images", "test-stars"))) scores.push(score);
    await detector.dispose();
    const { first } = scoring.sets[2]!;
    expect(Array.from(column.subarray(first, first + 21))).toEqual(scores);
  });

  test("the threshold follows keys and pointer, and the counts follow it", async () => {
    const slider = page.getByRole("slider", { name: "Threshold" });
    await slider.focus();
    await page.keyboard.press("Home");
    expect(await marked("test-normal")).toBeGreaterThan(35);
    await page.keyboard.press("End");
    const few = await marked("test-stars");
    for (let press = 0; press < 3; press++) await page.keyboard.press("PageDown");
    expect(await marked("test-stars")).toBeGreaterThanOrEqual(few);
    expect(await slider.getAttribute("aria-valuetext")).toContain("p-value");
    const box = (await page.locator(".histogram svg").boundingBox())!;
    const grip = (await slider.locator(".grip").boundingBox())!;
    const before = await slider.getAttribute("aria-valuenow");
    await page.mouse.move(grip.x + grip.width / 2, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.locator(`[role="slider"]:not([aria-valuenow="${before}"])`).waitFor();
    // Brushed: the gallery holds what the range does, and a reload changes nothing.
    await page.mouse.move(box.x + box.width * 0.6, box.y + 150);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 20, box.y + 150, { steps: 4 });
    await page.mouse.up();
    const count = await page.getByText(/^(?!101 )\d+ images?$/).textContent();
    expect(Number.parseInt(count!, 10)).toBeLessThan(101);
    await page.reload();
    await page.getByText(count!, { exact: true }).waitFor();
    await page.getByRole("button", { name: "All scores" }).click();
    await page.getByText("101 images", { exact: true }).waitFor();
    await page.evaluate("document.activeElement?.blur()");
    expect(await accessibilityFindings(page)).toEqual([]);
  });

  test("the worst image is opened with its map, whose terms add up, and marked", async () => {
    await page.locator('.gallery [data-index="0"]').click();
    await page.locator(".layers .above").waitFor({ timeout: 30_000 });
    const shown = await page.evaluate("document.querySelector('.layers .above').naturalWidth");
    expect(shown).toBe(16);
    const [run, number] = page
      .url()
      .match(/scores\/(\w+)\/images\/(\d+)/)!
      .slice(1);
    const image = (await (await studio.ask(`/api/scorings/${run}/images/${number}`)).json()) as {
      set: string;
      scores: { name: string; value: number }[];
    };
    worst = image.set;
    const sum = Number(await page.locator("[data-sum]").first().getAttribute("data-sum"));
    expect(-sum).toBeCloseTo(image.scores.find(({ name }) => name === "likelihood")!.value, 3);
    await page.locator(".nearest img").nth(7).waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    // The next image by keys and back; then a mark, a change of it, and the change undone.
    await page.keyboard.press("j");
    await page.getByText("2 of 101").waitFor();
    await page.keyboard.press("k");
    await page.getByText("1 of 101").waitFor();
    await page.getByRole("button", { name: "Normal", exact: true }).click();
    await page.getByText("marked as normal").waitFor();
    await page.getByRole("button", { name: "Anomalous", exact: true }).click();
    await page.getByText("marked as anomalous").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("marked as normal").waitFor();
    const kept = JSON.parse(await readFile(at(".outglow-studio", "marks.json"), "utf8")) as { marks: string[][] };
    expect(kept.marks.map(([, , mark]) => mark)).toEqual(["normal"]);
  });

  test("the detector is calibrated on the marked and the normal images, and it is undone", async () => {
    const before = await manifest();
    await page.keyboard.press("Escape");
    // All of the normal set, and the marked image where it is of another; what the detector is calibrated on already does not count.
    const count = worst === "test-stars" ? 41 : 40;
    await page.getByRole("button", { name: `Calibrate on ${count} images` }).click();
    await page.getByText("was calibrated anew since").waitFor({ timeout: 30_000 });
    const after = await manifest();
    expect(after.calibrated?.count).toBe(count);
    expect(after.calibration).not.toEqual(before.calibration);
    await page.getByRole("button", { name: "Undo the last calibration" }).click();
    await page.getByText("The calibration before counts again.").waitFor();
    expect((await manifest()).calibration).toEqual(before.calibration);
    await page.getByText("was calibrated anew since").waitFor({ state: "detached" });
  });

  test("images are drawn and redrawn, routes are described, one detector is compared with another", async () => {
    await page.goto(`${studio.url}/#/samples`);
    const drawn = page.locator(".drawn-images");
    await drawn.waitFor({ timeout: 30_000 });
    const first = await drawn.getAttribute("src");
    await page.getByRole("button", { name: "Redraw scale 0 (finest) alone" }).click();
    await expect.poll(() => drawn.getAttribute("src")).not.toBe(first);
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.goto(`${studio.url}/#/api`);
    await page.getByLabel("Find a route").fill("predict");
    await page.locator(".operation summary").first().click();
    await page.getByText("falseAlarm").first().waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    const { scorings } = (await (await studio.ask("/api/scorings")).json()) as { scorings: { id: string }[] };
    const run = scorings[0]!.id;
    await page.goto(`${studio.url}/#/compare?runs=${run},${run}`);
    await page.getByRole("heading", { name: "Where they disagree" }).waitFor();
    await page.getByText("61 images in common").waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
  });

  test("ids and names from outside lead nowhere, and a hostile file name is a text", async () => {
    const { scorings } = (await (await studio.ask("/api/scorings")).json()) as { scorings: { id: string }[] };
    const run = scorings[0]!.id;
    const { names } = (await (await studio.ask(`/api/scorings/${run}/names`)).json()) as { names: string[] };
    const odd = names.findIndex((name) => name.endsWith(hostileName));
    expect(odd).toBeGreaterThan(0);
    await page.goto(`${studio.url}/#/scores/${run}/images/${odd}`);
    await page.getByRole("heading", { name: hostileName }).waitFor();
    expect(await page.title()).toContain("Image");
    const wrong = [
      ...["..%2f..%2fetc%2fpasswd", "-1", "1e3", "999999", "%00", "0x1"].map((one) => `${run}/images/${one}/picture`),
      ...["..%2fset-0.scores", "__proto__", "hierarchy%2f.."].map((one) => `${run}/columns/${one}`),
      `${run}/references/constructor`,
      ...["..%2f..", "ffffffffffff", "constructor", "%2e%2e"].map((one) => `${one}/names`),
    ];
    for (const path of wrong) {
      const answer = await studio.ask(`/api/scorings/${path}`);
      expect([path, answer.status]).toEqual([path, 404]);
    }
    expect((await studio.ask(`/api/scorings/${run}/images/1/maps/..%2f..%2fdetector.json`)).status).toBe(409);
    expect((await studio.ask(`/api/scorings/${run}/images/1/picture?side=100000`)).status).toBe(400);
    const post = (path: string, body: unknown) =>
      studio.ask(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
    expect((await post(`/api/scorings/${run}/marks`, { images: [10_000], mark: "normal" })).status).toBe(404);
    expect((await post(`/api/scorings/${run}/marks`, { images: [1], mark: "__proto__" })).status).toBe(400);
    expect((await post("/api/scorings", { detector: "..", sets: [] })).status).toBe(400);
    expect(tab.remarks).toEqual([]);
  });
});
