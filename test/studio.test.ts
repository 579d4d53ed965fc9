/** The studio as a person walks through it: a demo that is watched while it trains, tabs, reloads, a server that is killed, images, a training of one's own. */
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { accessibilityFindings } from "./accessibility.ts";
import { writeMadeImages } from "./command.ts";
import { ownStudio, sharedStudio, type Tab, type TestStudio, withoutBrowser } from "./studio-harness.ts";

/** What every page has to be: whole without a mouse or eyes, no wider than the window, and without a word in the console. */
async function expectGood({ page, remarks }: Tab): Promise<void> {
  expect(await accessibilityFindings(page)).toEqual([]);
  const { width } = page.viewportSize()!;
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  expect(remarks).toEqual([]);
}

/** The lines of a run's log on disk, as they are shown. */
async function toldLines({ folder }: TestStudio, run: string): Promise<string[]> {
  const text = await readFile(join(folder, ".outglow-studio/runs", run, "events.jsonl"), "utf8");
  return text.split("\n").slice(0, -1);
}

/** The first page and all that it loads: less than 150 kB, compressed. */
async function expectLight(studio: TestStudio, page: Page): Promise<void> {
  const paths = await page.evaluate<string[]>(
    "performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)",
  );
  const files = ["/", ...new Set(paths.filter((path) => path.startsWith("/assets/")))];
  const bytes = await Promise.all(
    files.map(async (path) => gzipSync(await (await studio.ask(path)).arrayBuffer()).length),
  );
  const whole = bytes.reduce((sum, one) => sum + one, 0);
  process.stdout.write(`the studio's first page: ${files.length} files, ${(whole / 1000).toFixed(1)} kB gzip\n`);
  expect(files.length).toBeGreaterThan(3);
  expect(whole).toBeLessThan(150_000);
}

const runOf = (page: Page): string => page.url().split("/").at(-1)!;

describe.skipIf(withoutBrowser("test/studio.test.ts"))("the studio in a browser", () => {
  test("a demo is made, watched, reloaded, seen in two tabs, and survives the end of its server", async () => {
    const studio = await ownStudio();
    const tab = await studio.open();
    const { page } = tab;
    expect(await page.locator("h1").textContent()).toBe("Find the images that don't belong");
    await expectGood(tab);
    await expectLight(studio, page);
    // The person's click, with less time than the page offers.
    await page.route("**/api/demo", (route) => route.continue({ postData: JSON.stringify({ time: 2 }) }));
    await page.getByRole("button", { name: "Make a demo" }).click();
    await page.waitForURL(/#\/runs\//);
    const run = runOf(page);
    await page.locator(".log li", { hasText: "training the general model (" }).waitFor();
    await page.reload();
    await page.locator("main h1", { hasText: "demo" }).waitFor();
    await page.locator("canvas").first().waitFor();
    const other = await studio.openBeside(tab);
    await other.page.locator(".card a", { hasText: "demo" }).waitFor();

    await studio.kill();
    await page.getByText("The studio does not answer").waitFor();
    await studio.start();
    await page.getByText("The studio does not answer").waitFor({ state: "hidden" });
    await page.locator("h1 .state", { hasText: "finished" }).waitFor();
    await other.page.locator(".card", { hasText: "finished" }).waitFor();
    await other.page.getByRole("heading", { name: "demo/detector" }).waitFor();
    // Nothing of the log is lost or there twice, whatever was read before and after.
    const told = await toldLines(studio, run);
    const kinds = told.map((line) => (JSON.parse(line) as { kind: string }).kind);
    const shown = kinds.filter((kind) =>
      ["state", "stage", "phase", "note", "warning", "picture", "skipped"].includes(kind),
    );
    const plain = await page.locator(".log li:not(.held-out)").allTextContents();
    const ended = plain.filter((line) => !/: \d+ of \d+$/.test(line));
    expect(ended).toHaveLength(shown.length);
    expect(kinds.filter((kind) => kind === "picture").length).toBeGreaterThan(0);
    // The server that was killed is heard of in the console, and of nothing else.
    for (const one of [tab, other]) {
      const others = one.remarks.filter(
        (remark) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET/.test(remark),
      );
      expect(others).toEqual([]);
      one.remarks.length = 0;
    }
    await expectGood(tab);
    await expectGood(other);

    // A detector that is deleted under its feet.
    await rm(join(studio.folder, "demo/detector"), { recursive: true });
    await other.page.reload();
    await other.page.getByText("is gone, or holds no detector any more").waitFor();
    await expectGood(other);
    await tab.context.close();
  }, 120_000);

  test("images are chosen, looked at closely, scrolled through and dropped", async () => {
    const studio = await sharedStudio();
    const good = join(studio.folder, "good");
    await writeMadeImages(join(good, "a"), "normal", 40, "a");
    await writeMadeImages(join(good, "b"), "normal", 20, "b");
    const [first] = (await readdir(join(good, "a"))).sort();
    const hostile = "<img src=x onerror=alert(1)>.png";
    await cp(join(good, "a", first!), join(good, "b", hostile));
    await writeFile(join(good, "b", "torn.png"), "no image");
    await writeFile(join(good, "notes.txt"), "no image either");

    const tab = await studio.open("/data");
    const { page } = tab;
    await expectGood(tab);
    await page.getByLabel("A folder or archive on this machine").fill("nowhere");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByRole("alert").getByText("nowhere").waitFor();
    expect(tab.remarks.splice(0)).toEqual([expect.stringContaining("400")]);
    await page.getByRole("button", { name: "Look for it" }).click();
    await page.getByRole("button", { name: "good", exact: true }).click();
    await page.getByText("0 images in it, 2 folders").waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Choose this folder" }).click();
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByRole("heading", { name: "62 images" }).waitFor();
    await page.getByRole("button", { name: "Look closely" }).click();
    await page.getByRole("button", { name: "There twice 2" }).click();
    await page.getByRole("heading", { name: "2 images" }).waitFor();
    await page.locator(".cell").nth(1).click();
    await page.locator("dialog img").waitFor();
    expect(await page.locator("dialog").textContent()).toContain(hostile);
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByRole("button", { name: /^Held out 6/ }).click();
    await page.getByRole("heading", { name: "6 images" }).waitFor();
    await page.getByText("1 image skipped").waitFor();
    await expectGood(tab);

    // A hundred thousand images are as few in the page as a hundred.
    await page.goto(`${studio.url}/#/data`);
    await page.getByLabel("A folder or archive on this machine").fill("builtin#limit=100000");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByRole("heading", { name: "100,000 images" }).waitFor();
    const gallery = page.locator(".gallery");
    for (const share of [0.5, 1]) {
      await gallery.evaluate((box, to) => box.scrollTo(0, to * box.scrollHeight), share);
      const index = share === 1 ? 99_999 : 50_000;
      await page.locator(`.cell[data-index="${index}"] .caption`, { hasText: String(index) }).waitFor();
      expect(await page.locator(".cell").count()).toBeLessThan(200);
    }
    await page.locator(`.cell[data-index="99999"]`).focus();
    await page.keyboard.press("k");
    await page.locator(`.cell[data-index="99998"]:focus`).waitFor();
    await expectGood(tab);

    // What is dropped is copied, and opened.
    await page.goto(`${studio.url}/#/data`);
    await page.locator("input[type=file]").setInputFiles(join(good, "a"));
    await page.getByRole("heading", { name: "40 images" }).waitFor();
    expect(await readdir(join(studio.folder, "images/a"), { recursive: true })).toContain(join("a", first!));

    await page.getByRole("link", { name: "Train with these" }).waitFor();
    await expectGood(tab);
    await tab.close();
  }, 120_000);

  test("a training is set up by a form, paused and gone on with", async () => {
    const studio = await sharedStudio();
    const good = join(studio.folder, "normal");
    await writeMadeImages(good, "normal", 60);
    const tab = await studio.open("/data");
    const { page } = tab;
    const field = (name: string) => page.locator(`#setting-${name}`);
    await page.getByLabel("A folder or archive on this machine").fill("normal");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByRole("link", { name: "Train with these" }).click();
    await field("out").fill("parts");
    await field("size").fill("16");
    await page.getByText("More settings").click();
    const settings = {
      scales: 2,
      depth: 2,
      width: 8,
      batch: 16,
      steps: 4000,
      threads: 1,
      heldOut: 0.4,
      patience: 4000,
    };
    for (const [name, value] of Object.entries(settings)) await field(name).fill(String(value));
    await field("depth").fill("0");
    await page.locator("p.bad", { hasText: "expected a whole number from 1" }).first().waitFor();
    await field("depth").fill("2");
    await page.getByText("of training on this machine").waitFor();
    expect(await page.locator("pre.command").textContent()).toBe(
      `outglow train --normal ${good} --out parts --size 16 --held-out 0.4 --steps 4000 --scales 2 --depth 2 --width 8 --batch 16 --patience 4000 --threads 1`,
    );
    await expectGood(tab);
    await page.getByRole("button", { name: "Start training" }).click();
    await page.getByText("training the normal model", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator("h1 .state", { hasText: "paused" }).waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.locator(".log li", { hasText: "going on from step" }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator("h1 .state", { hasText: "paused" }).waitFor();
    await expectGood(tab);
    await tab.close();
  }, 120_000);
});
