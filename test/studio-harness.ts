/**
 * The studio as a person has it: the built program in a process of its own and its pages in Chromium, one of each for all tests of a process
 * of tests. What a page says in its console and any request to another host is a remark, and a test expects none.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll } from "vitest";
import { temporaryFolder } from "./command.ts";
import { buildPages } from "./studio-pages.ts";

/** Where Chromium is; undefined where none is installed. */
export const browserPath = [
  process.env.OUTGLOW_CHROMIUM ?? "",
  ...["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
].find(existsSync);

/** Says that a file's tests are skipped where there is no browser, and whether they are. */
export function withoutBrowser(file: string): boolean {
  if (browserPath === undefined) process.stdout.write(`${file} is skipped: no Chromium is installed\n`);
  return browserPath === undefined;
}

/** A tab, and what went wrong in it so far. */
export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Lines of the console that are warnings or errors, and requests that left the machine. A test expects none. */
  readonly remarks: string[];
  close(): Promise<void>;
}

/** A studio that runs in a folder of its own. */
export interface TestStudio {
  readonly folder: string;
  readonly url: string;
  /** Ends it at once, as kill -9 does. */
  kill(): Promise<void>;
  /** Starts it again in the same folder, at the same port. */
  start(): Promise<void>;
  /** A tab of a browser of its own that has come in, at an address behind `#`. */
  open(address?: string, options?: BrowserContextOptions): Promise<Tab>;
  /** Another tab of the same browser. */
  openBeside(tab: Tab, address?: string): Promise<Tab>;
  /** An address that has not been used. */
  freshAddress(): Promise<string>;
  /** The cookie of a session, as a request sends it. */
  cookie(): Promise<string>;
  /** A request with that cookie, without a browser. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

/** The usual window of a test. */
const viewport = { width: 1440, height: 900 };

let browser: Promise<Browser> | undefined;
let shared: Promise<TestStudio> | undefined;

/** What runs the program and ends with this process. */
const program = fileURLToPath(new URL("standing-studio.mjs", import.meta.url));

/** The studio that all tests of this process share. */
export function sharedStudio(): Promise<TestStudio> {
  shared ??= startTestStudio();
  return shared;
}

/** Starts a studio in a new folder; it ends with the file's tests unless it is shared. */
export async function ownStudio(): Promise<TestStudio> {
  const studio = await startTestStudio();
  afterAll(async () => {
    await studio.kill();
    await rm(studio.folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return studio;
}

async function startTestStudio(): Promise<TestStudio> {
  await buildPages();
  const { path: folder } = await temporaryFolder();
  const state: { child: ChildProcess | undefined; readonly folder: string } = { child: undefined, folder };
  let url = "";
  let cookie = "";
  const addresses: string[] = [];
  const nextAddress = async (): Promise<string> => {
    while (addresses.length === 0) await wait(5);
    return addresses.shift()!;
  };
  const start = async (): Promise<void> => {
    const port = url === "" ? "0" : new URL(url).port;
    const child = fork(program, ["studio", folder, "--port", port, "--no-open"], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, CI: "1" },
    });
    child.channel?.unref();
    state.child = child;
    addresses.length = 0;
    const said: string[] = [];
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said.push(text);
        addresses.push(...Array.from(text.matchAll(/http:\S+token=\S+/g), ([address]) => address));
      });
      (stream as unknown as { unref(): void }).unref();
    }
    child.unref();
    const ended = once(child, "exit").then(() => {
      throw new Error(`the studio ended: ${said.join("")}`);
    });
    ended.catch(() => undefined);
    const address = await Promise.race([nextAddress(), ended]);
    addresses.unshift(address);
    url = new URL(address).origin;
  };
  await start();
  const watch = (context: BrowserContext): Promise<Tab> => watchTab(context, url);
  const studio: TestStudio = {
    folder,
    get url() {
      return url;
    },
    async kill() {
      const { child } = state;
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
    start,
    async open(address = "/", options = {}) {
      const context = await (await sharedBrowser()).newContext({ viewport, ...options });
      const tab = await watch(context);
      await tab.page.goto(await nextAddress());
      await tab.page.waitForURL(`${url}/`);
      if (address !== "/") await tab.page.goto(`${url}/#${address}`);
      await tab.page.locator("main h1").waitFor();
      return { ...tab, close: () => context.close() };
    },
    async openBeside({ context }, address = "/") {
      const tab = await watch(context);
      await tab.page.goto(`${url}/#${address}`);
      await tab.page.locator("main h1").waitFor();
      return tab;
    },
    freshAddress: nextAddress,
    async cookie() {
      if (cookie === "") {
        const answer = await fetch(await nextAddress());
        cookie = answer.headers.get("set-cookie")!.split(";", 1)[0]!;
      }
      return cookie;
    },
    async ask(path, init = {}) {
      return fetch(`${url}${path}`, { ...init, headers: { cookie: await studio.cookie(), ...init.headers } });
    },
  };
  return studio;
}

/** A tab of a browser of its own at an address of this machine, such as that of a plain file server. */
export async function openTab(url: string, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await (await sharedBrowser()).newContext({ viewport, ...options });
  const tab = await watchTab(context, new URL(url).origin);
  await tab.page.goto(url);
  return { ...tab, close: () => context.close() };
}

async function watchTab(context: BrowserContext, url: string): Promise<Tab> {
  const page = await context.newPage();
  // Machines that test are busy.
  page.setDefaultTimeout(60_000);
  const remarks: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "log") remarks.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => remarks.push(`error: ${error.stack ?? error.message}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== url && protocol !== "blob:" && protocol !== "data:") remarks.push(`request: ${request.url()}`);
  });
  return { page, context, remarks, close: () => page.close() };
}

function sharedBrowser(): Promise<Browser> {
  browser ??= chromium.launch({
    executablePath: browserPath!,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
      ...["--disable-component-update", "--disable-sync"],
    ],
  });
  return browser;
}
