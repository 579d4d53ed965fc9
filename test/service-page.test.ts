/** The service's page in a browser, under its own policy: styled, as wide as the window, light and dark, for readers of every kind. */
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Described } from "../src/service/described.ts";
import { openApiDocument } from "../src/service/openapi.ts";
import { describingPage, pagePolicy } from "../src/service/page.ts";
import { accessibilityFindings } from "./accessibility.ts";

const browserPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (browserPath === undefined) process.stdout.write("test/service-page.test.ts is skipped: no Chromium is installed\n");

describe.skipIf(browserPath === undefined)("the page in a browser", () => {
  let browser: Browser;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((_, response) => {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.setHeader("content-security-policy", pagePolicy);
      response.end(describingPage(openApiDocument() as Described, url));
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({
      executablePath: browserPath!,
      args: [
        ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
        ...["--disable-component-update", "--disable-sync"],
      ],
    });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test.each([
    ["light", 390, "rgb(255, 255, 255)"],
    ["dark", 1280, "rgb(20, 22, 26)"],
  ] as const)("%s, at %d pixels", async (colorScheme, width, background) => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
    const page = await context.newPage();
    const remarks: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => remarks.push(message.text()));
    page.on("request", (request) => requests.push(new URL(request.url()).pathname));
    await page.goto(url);
    await page.locator("#predict summary").click();
    expect(await page.locator("#predict details[open] dt").count()).toBeGreaterThan(10);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(background);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    expect(await accessibilityFindings(page)).toEqual([]);
    expect(requests.filter((path) => path !== "/favicon.ico")).toEqual(["/"]);
    expect(remarks.filter((remark) => !remark.includes("favicon"))).toEqual([]);
    await context.close();
  });
});
