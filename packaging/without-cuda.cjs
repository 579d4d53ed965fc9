/*
 * Runs before the install scripts of dependencies, where npm runs such scripts at all. That of onnxruntime-node would download CUDA's libraries,
 * some hundred megabytes that only --device cuda uses, and fails where only the registry can be reached. It looks whether its files are there; here it finds
 * empty ones. ONNXRUNTIME_NODE_INSTALL=1 fetches them all the same, now or later. Whatever goes wrong here, the installation goes on.
 */
const { existsSync, writeFileSync } = require("node:fs");
const { dirname, join } = require("node:path");

const asked = process.env.ONNXRUNTIME_NODE_INSTALL ?? process.env.npm_config_onnxruntime_node_install;
try {
  const root = dirname(require.resolve("onnxruntime-node/package.json", { paths: [__dirname] }));
  const { requirements, manifests } = require(join(root, "script", "install-metadata.js"));
  const platform = `${process.platform}/${process.arch}`;
  const wanted = asked ? [] : (requirements[platform] ?? []);
  for (const file of wanted.flatMap((name) => Object.keys(manifests[`${platform}:${name}`] ?? {}))) {
    const path = join(root, "bin", "napi-v6", platform, file);
    if (!existsSync(path)) writeFileSync(path, "");
  }
} catch {
  // No engine yet, or one of another make: then there is nothing to keep it from.
}
