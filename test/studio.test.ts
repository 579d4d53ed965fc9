/** The studio as a person walks through it: a demo that is watched while it trains, tabs, reloads, a server that is killed. */
import { describe, expect, test } from "vitest";
import { accessibilityFindings } from "./accessibility.ts";
import { sharedStudio, withoutBrowser } from "./studio-harness.ts";

describe.skipIf(withoutBrowser("test/studio.test.ts"))("the studio in a browser", () => {
  test("the first page is empty at first, whole without a mouse, and clean", async () => {
    const studio = await sharedStudio();
    const { page, remarks, close } = await studio.open();
    expect(await page.locator("h1").textContent()).toBe("Find the images that don't belong");
    expect(await accessibilityFindings(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(1440);
    expect(remarks).toEqual([]);
    await close();
  });
});
