/** Runs programs of examples/ one after another in this process, and prints what each printed as one JSON object. The first argument is their list. */

const printed = {};
for (const { name, args, requests = [] } of JSON.parse(process.argv[2])) {
  const lines = [];
  const print = console.log;
  console.log = (...parts) => lines.push(parts.join(" "));
  process.argv = [process.argv[0], "somewhere", ...args];
  const module = await import(new URL(`../examples/${name}`, import.meta.url));
  console.log = print;
  for (const { path, file } of requests) {
    const { readFile } = await import("node:fs/promises");
    const response = await module.app.request(path, { method: "POST", body: await readFile(file) });
    lines.push(`${response.status} ${await response.text()}`);
  }
  printed[name] = lines;
}
process.stdout.write(JSON.stringify(printed));
// What an example left open, such as a detector for a server, ends with it.
process.exit(0);
