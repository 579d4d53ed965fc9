/**
 * Runs one command line after another in one process, each as `outglow` runs in its own: in a folder, with arguments, to what it says and an
 * exit code. To start a process takes longer than most commands that tests run. Whatever is wrong beyond an exit code ends this one, too.
 */
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const program = new URL("../dist/cli/program.js", import.meta.url);
let runs = 0;

process.on("message", async ({ environment, folder, args }) => {
  const usual = { ...process.env };
  Object.assign(process.env, environment);
  process.chdir(folder);
  process.argv = [process.execPath, main, ...args];
  process.exitCode = undefined;
  const said = [keepText("stdout"), keepText("stderr")];
  // Under another address the program is a new module: it begins anew, on floors that are there already.
  await import(`${program}?run=${runs++}`);
  const [stdout, stderr] = said.map(({ text }) => text);
  for (const name of Object.keys(environment)) {
    if (name in usual) process.env[name] = usual[name];
    else delete process.env[name];
  }
  process.send({ code: process.exitCode ?? 0, signal: null, stdout, stderr });
});

process.on("disconnect", () => process.exit());

/** Puts a stream that keeps its text in the place of stdout or stderr; to the program it is a pipe. */
function keepText(name) {
  const kept = { text: "" };
  const write = (chunk, _encoding, done) => {
    kept.text += chunk;
    done();
  };
  Object.defineProperty(process, name, { value: new Writable({ decodeStrings: false, write }), configurable: true });
  return kept;
}
