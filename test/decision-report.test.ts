/** The page about decisions in a browser: the threshold moved by mouse and by keys, the numbers beside it, no word to the network. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleDecisions } from "../src/report/decisions/example-decisions.ts";
import { renderDecisionReport } from "../src/report/index.ts";
import { accessibilityFindings } from "./accessibility.ts";

const browserPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (browserPath === undefined)
  process.stdout.write("test/decision-report.test.ts is skipped: no Chromium is installed\n");

describe.skipIf(browserPath === undefined)("the page in a browser", () => {
  let browser: Browser;
  let folder: string;
  let page: Page;
  const remarks: string[] = [];
  const requests: string[] = [];

  beforeAll(async () => {
    const colour = (r: number, g: number, b: number, alpha: number) =>
      sharp({ create: { width: 48, height: 48, channels: 4, background: { r, g, b, alpha } } })
        .png()
        .toBuffer();
    folder = await mkdtemp(join(tmpdir(), "decision-report-"));
    const file = join(folder, "report.html");
    await writeFile(
      file,
      renderDecisionReport(exampleDecisions(await colour(90, 120, 90, 1), await colour(255, 0, 0, 0.4))),
    );
    browser = await chromium.launch({
      executablePath: browserPath!,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on("console", (message) => remarks.push(message.text()));
    page.on("pageerror", (error) => remarks.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const example = exampleDecisions(new Uint8Array(), new Uint8Array());
  const text = async (id: string): Promise<string> => (await page.locator(`#${id}`).textContent())!;
  const slider = () => page.locator("#threshold");
  /** Marked images of every set, by the page. */
  const shown = async (): Promise<number[]> =>
    Promise.all(example.sets.map(async (_, set) => Number((await text(`marked-${set}`)).replace(",", ""))));
  /** The same by the scores, at the threshold that the page keeps for the slider's value. */
  const counted = async (): Promise<number[]> => {
    const data = JSON.parse(await text("decision-data")) as { scores: (number | null)[] };
    const threshold = data.scores[Number(await slider().getAttribute("aria-valuenow"))];
    return example.sets.map(
      ({ scores }) => Array.from(scores).filter((score) => threshold != null && score > threshold).length,
    );
  };

  test("begins at the threshold that decided", async () => {
    expect(await shown()).toEqual(
      example.sets.map(({ scores }) => Array.from(scores).filter((score) => score > example.threshold!).length),
    );
    expect(await text("promised")).toBe("1.0 %");
    expect(await page.locator("#reset").isDisabled()).toBe(true);
  });

  test("moves by arrow keys, by tens, and to the ends", async () => {
    await slider().focus();
    const before = Number(await slider().getAttribute("aria-valuenow"));
    await page.keyboard.press("ArrowLeft");
    expect(await slider().getAttribute("aria-valuenow")).toBe(String(before - 1));
    expect(await shown()).toEqual(await counted());
    await page.keyboard.press("PageDown");
    expect(await slider().getAttribute("aria-valuenow")).toBe(String(before - 11));
    expect(await shown()).toEqual(await counted());
    expect(await slider().getAttribute("aria-valuetext")).toContain(
      await text("summary").then((all) => all.slice(0, -1)),
    );
    await page.keyboard.press("Home");
    expect(await shown()).toEqual(example.sets.map(({ scores }) => scores.length));
    await page.keyboard.press("End");
    expect(await shown()).toEqual([0, 0, 0]);
    expect(await text("threshold-label")).toBe("none");
    await page.locator("#reset").click();
    expect(await slider().getAttribute("aria-valuenow")).toBe(String(before));
  });

  test("is dragged by the mouse, and what depends on it follows", async () => {
    const box = (await page.locator("#histogram").boundingBox())!;
    const handle = (await page.locator("#threshold circle").boundingBox())!;
    const initial = await shown();
    await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.45 * box.width, box.y + 40, { steps: 5 });
    await page.mouse.up();
    const moved = await shown();
    expect(moved).toEqual(await counted());
    expect(moved[2]!).toBeGreaterThan(initial[2]!);
    const line = (await page.locator("#threshold circle").boundingBox())!;
    expect(Math.abs(line.x + line.width / 2 - (box.x + 0.45 * box.width))).toBeLessThan(box.width / 60);
    // Let go, the mouse moves nothing.
    await page.mouse.move(box.x + 0.8 * box.width, box.y + 40);
    expect(await shown()).toEqual(moved);
    // The dot of the first curve stands at the shares of the table.
    const dot = page.locator("#roc-1");
    expect(Number(await dot.getAttribute("cx"))).toBe(Math.round(44 + (moved[0]! / 800) * 286));
    expect(Number(await dot.getAttribute("cy"))).toBe(Math.round(296 - (moved[1]! / 300) * 286));
  });

  test("flags images above the threshold and switches heat maps on", async () => {
    await slider().focus();
    await page.keyboard.press("Home");
    expect(await page.locator("li.marked").count()).toBe(25);
    await page.keyboard.press("End");
    expect(await page.locator("li.marked").count()).toBe(0);
    expect(await page.locator(".flag:visible").count()).toBe(0);
    expect(await page.locator(".map:visible").count()).toBe(0);
    await page.locator("#maps").check();
    expect(await page.locator(".map:visible").count()).toBe(25);
    expect(await page.evaluate("Array.from(document.images).every((image) => image.naturalWidth > 0)")).toBe(true);
  });

  test.each([390, 1280])("is as wide as the window, %d pixels, light and dark", async (width) => {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
        colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(20, 22, 26)",
      );
      // Colours differ by scheme, little else by width.
      if (width === 390) expect(await accessibilityFindings(page)).toEqual([]);
    }
  });

  test("would be faulted for a picture without a text", async () => {
    const other = await browser.newPage();
    await other.setContent(
      '<html lang="en"><title>A page</title><main><h1>A page</h1><img src="data:,"></main></html>',
    );
    expect((await accessibilityFindings(other)).map((finding) => finding.split(":")[0])).toEqual(["image-alt"]);
    await other.close();
  });

  test("says nothing on the console and asks for nothing but itself", () => {
    expect(remarks).toEqual([]);
    expect(requests.filter((url) => !url.startsWith("data:")).length).toBe(1);
  });
});
