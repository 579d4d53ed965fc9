/** What `docs/deploy/` offers to operators, held to what the program knows: its flags, its routes, the time that it takes to end. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { serveCommand } from "../src/cli/serve-command.ts";
import { type Route, routes } from "../src/service/routes.ts";
import { readServiceSettings, type ServiceRequest } from "../src/service/settings.ts";

const read = (name: string): string => readFileSync(new URL(`../docs/deploy/${name}`, import.meta.url), "utf8");
const unit = read("outglow.service");
const manifest = read("kubernetes.yaml");
const proxy = read("Caddyfile");

/** What `outglow serve` makes of arguments. */
function settingsOf(args: readonly string[]): ServiceRequest {
  expect(args[0]).toBe("serve");
  const command = serveCommand();
  const { operands, unknown } = command.parseOptions(args.slice(1));
  expect(unknown).toEqual([]);
  const { check: _, ...options } = command.opts();
  return readServiceSettings({ ...options, detectors: operands[0]! });
}

/** Whether a program is there. */
function has(program: string): boolean {
  try {
    execFileSync("which", [program], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

const without = (program: string): string => (has(program) ? "" : ` (skipped: no ${program} here)`);
const entry = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(unit)![1]!;

/** Seconds between a signal to end and the end of what it takes, with some to spare for processes. */
const timeToEnd = ({ timeout }: ServiceRequest): number => timeout + 10;

describe("the unit of systemd", () => {
  test("starts the service by flags that there are, with tokens, and gives it time to end", () => {
    const [env, program, ...args] = entry("ExecStart").split(" ");
    expect([env, program]).toEqual(["/usr/bin/env", "outglow"]);
    const settings = settingsOf(args);
    expect(settings.tokenFile).toContain("tokens.json");
    expect(Number(entry("TimeoutStopSec"))).toBeGreaterThanOrEqual(timeToEnd(settings));
    expect(settings.detectors.startsWith(`/var/lib/${entry("StateDirectory")}/`)).toBe(true);
    expect(unit).toContain(`Environment=TMPDIR=/var/cache/${entry("CacheDirectory")}\n`);
  });

  test.skipIf(!has("systemd-analyze"))(
    `is one that systemd takes, and exposes little${without("systemd-analyze")}`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "outglow-test-"));
      try {
        const path = join(folder, "outglow.service");
        await writeFile(path, unit);
        // Whatever it does not know or like it says.
        expect(execFileSync("systemd-analyze", ["verify", path], { encoding: "utf8", stdio: "pipe" })).toBe("");
        const review = ["security", "--offline=yes", "--no-pager", "--threshold=20", path];
        execFileSync("systemd-analyze", review, { stdio: "pipe" });
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
});

describe("the manifest of Kubernetes", () => {
  const args = Array.from(manifest.matchAll(/^ {12}- (serve|\/detectors|--\S+)$/gm), ([, one]) => one!);
  const numbers = (name: string): number[] =>
    Array.from(manifest.matchAll(new RegExp(`^ *(?:- )?${name}: (\\d+)$`, "gm")), ([, digits]) => Number(digits));

  test("starts the service by flags that there are, reachable with tokens only, and gives it time to end", () => {
    const settings = settingsOf(args);
    expect(settings).toMatchObject({ host: "0.0.0.0", detectors: "/detectors" });
    expect(settings.tokenFile).toBe("/etc/outglow/tokens.json");
    expect(numbers("containerPort")).toEqual([settings.port]);
    const pause = Number(/command: \["sleep", "(\d+)"\]/.exec(manifest)![1]);
    expect(numbers("terminationGracePeriodSeconds")[0]).toBeGreaterThanOrEqual(pause + timeToEnd(settings));
    const service = /kind: Service\nmetadata:\n {2}name: (\S+)/.exec(manifest)![1]!;
    expect(settings.allowHost).toEqual(expect.arrayContaining([service, `${service}.default.svc.cluster.local`]));
  });

  test("asks for routes that there are and that need no token", () => {
    const probed = Array.from(manifest.matchAll(/^ +path: (\S+)$/gm), ([, path]) => path);
    expect(probed).toEqual(["/v2/health/live", "/v2/health/ready", "/v2/health/live"]);
    const open = Object.values<Route>(routes).filter(({ scope, method }) => scope === undefined && method === "GET");
    for (const path of probed) expect(open.map((route) => route.path)).toContain(path);
  });

  test.skipIf(!has("kubectl"))(`is one that kubectl reads${without("kubectl")}`, async () => {
    const file = fileURLToPath(new URL("../docs/deploy/kubernetes.yaml", import.meta.url));
    const label = ["label", "--local", "-f", file, "read=yes", "-o", "jsonpath={.kind} {.metadata.name}{'\\n'}"];
    const text = execFileSync("kubectl", label, { encoding: "utf8", stdio: "pipe" });
    expect(text.trim().split("\n")).toEqual(["Deployment outglow", "Service outglow", "PodDisruptionBudget outglow"]);
  });
});

describe("the proxy", () => {
  test("calls the service where it listens, by a name that it is given, and waits longer than it takes", () => {
    const settings = settingsOf(["serve", ".", ...proxy.match(/--allow-host \S+(?=`)/)![0].split(" ")]);
    expect(proxy).toContain(`reverse_proxy ${settings.host}:${settings.port} {`);
    expect(proxy).toContain(`\n${settings.allowHost[0]} {`);
    expect(Number(/response_header_timeout (\d+)s/.exec(proxy)![1])).toBeGreaterThan(settings.timeout);
  });

  test.skipIf(!has("caddy"))(`is one that Caddy reads${without("caddy")}`, () => {
    const path = fileURLToPath(new URL("../docs/deploy/Caddyfile", import.meta.url));
    const adapt = ["adapt", "--adapter", "caddyfile", "--config", path];
    const config = execFileSync("caddy", adapt, { encoding: "utf8", stdio: "pipe" });
    expect(config).toContain('"dial":"127.0.0.1:8431"');
  });
});

describe("the image", () => {
  const instructions = read("Dockerfile")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => /^([A-Z]+)\s+(.*)$/.exec(line))
    .map((match) => ({ name: match![1]!, rest: match![2]! }));
  const last = instructions.slice(instructions.findLastIndex(({ name }) => name === "FROM"));
  const textOf = (name: string): string => last.find((instruction) => instruction.name === name)!.rest;

  test("has stages that it copies from, versions that it names, and ends as a person without rights", () => {
    const known = "FROM WORKDIR COPY RUN USER EXPOSE HEALTHCHECK ENTRYPOINT CMD".split(" ");
    expect(instructions.filter(({ name }) => !known.includes(name))).toEqual([]);
    const stages = instructions.filter(({ name }) => name === "FROM").map(({ rest }) => rest);
    expect(stages.every((stage) => /^node:\d+-[a-z-]+( AS \w+)?$/.test(stage))).toBe(true);
    const copied = instructions.flatMap(({ rest }) => /--from=(\w+)/.exec(rest)?.[1] ?? []);
    expect(copied).toEqual(["build"]);
    expect(stages[0]).toContain(" AS build");
    const order = last.map(({ name }) => name);
    expect(order.indexOf("USER")).toBeGreaterThan(order.indexOf("RUN"));
    expect(textOf("USER")).toBe("node");
  });

  test("serves by flags that there are, at the port that it tells, and asks a route that there is how it is", () => {
    expect(JSON.parse(textOf("ENTRYPOINT"))).toEqual(["outglow"]);
    const { host, port, tokenFile } = settingsOf(JSON.parse(textOf("CMD")));
    expect(host).toBe("0.0.0.0");
    expect(tokenFile).toBe("/run/secrets/tokens.json");
    expect(textOf("EXPOSE")).toBe(String(port));
    const [, path] = new RegExp(`http://127\\.0\\.0\\.1:${port}(/[\\w/]+)'`).exec(textOf("HEALTHCHECK"))!;
    expect(Object.values(routes).map((route: Route) => route.path)).toContain(path);
    const installs = last.filter(({ name, rest }) => name === "RUN" && rest.includes("npm install"));
    expect(installs.every(({ rest }) => rest.includes("--ignore-scripts"))).toBe(true);
  });
});
