/**
 * The package as a person gets it: packed, checked, installed into an empty project where nothing but the registry answers, run, and measured.
 * `node packaging/check-package.mjs` after a build; prints sizes as a table.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "outglow-package-"));
const project = join(folder, "project");

/** A proxy that lets nobody through and counts who asked. */
const asked = [];
const proxy = createServer((request, response) => {
  asked.push(request.url);
  response.writeHead(403).end();
}).on("connect", (request, socket) => {
  asked.push(request.url);
  socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
});
await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
const blocked = `http://127.0.0.1:${proxy.address().port}`;

function run(program, args, cwd, environment = {}) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.on("close", (code) =>
      code === 0
        ? done(stdout)
        : fail(new Error(`${program} ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`)),
    );
  });
}

function sizeOf(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

try {
  const [packed] = JSON.parse(
    await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root),
  );
  const tarball = join(folder, packed.filename);

  const { messages } = await publint({ pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer } });
  if (messages.length > 0) throw new Error(`publint: ${JSON.stringify(messages)}`);
  const { problems } = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))), {
    // The others are built alike, and each takes a second.
    entrypoints: [".", "./client", "./detector/portable", "./web"],
  });
  // A package of modules alone has nothing for require() of old Node versions, which is meant.
  const wrong = problems.filter(
    ({ kind, resolutionKind }) => kind !== "CJSResolvesToESM" && resolutionKind !== "node10",
  );
  if (wrong.length > 0) throw new Error(`types: ${JSON.stringify(wrong)}`);

  await run("mkdir", [project], folder);
  writeFileSync(join(project, "package.json"), "{}");
  // As where only the registry can be reached: what install scripts would download ends at the proxy.
  const closed = {
    GLOBAL_AGENT_HTTP_PROXY: blocked,
    GLOBAL_AGENT_HTTPS_PROXY: blocked,
    npm_config_ignore_scripts: "false",
  };
  await run("npm", ["install", tarball, "--no-audit", "--no-fund", "--prefer-offline"], project, closed);
  if (asked.length > 0) throw new Error(`the installation asked for ${asked.join(", ")}`);

  const quick = ["--no-install", "outglow", "quickstart", "--time", "8s", "--out", "quickstart"];
  const table = await run("npx", quick, project, { npm_config_offline: "true" });
  if (!/^joined|^hierarchy/m.test(table)) throw new Error(`quickstart printed no table:\n${table}`);

  const modules = join(project, "node_modules");
  const engine = join(modules, "onnxruntime-node", "bin", "napi-v6");
  const own = join(engine, process.platform, process.arch);
  const rows = [
    ["package, packed", packed.size],
    ["package, unpacked", packed.unpackedSize],
    ["installation", sizeOf(modules)],
    ["of it the engine for this platform", sizeOf(own)],
    ["of it the engine for others (outglow doctor --prune)", sizeOf(engine) - sizeOf(own)],
  ];
  for (const [what, bytes] of rows) console.log(`${what.padEnd(52)} ${megabytes(bytes).padStart(9)}`);
} finally {
  proxy.close();
  rmSync(folder, { recursive: true, force: true });
}
