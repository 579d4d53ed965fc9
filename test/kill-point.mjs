/**
 * Loaded before a program: ends it as kill -9 does right before its KILL_AT-th call that changes something in the folder KILL_IN, and counts
 * these calls in the file KILL_LOG, a line each.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { KILL_AT, KILL_IN, KILL_LOG } = process.env;
let calls = 0;

for (const name of ["open", "rename", "link", "rm", "rmdir", "mkdir", "writeFile"]) {
  const real = fs.promises[name];
  fs.promises[name] = (...args) => {
    const reads = name === "open" && (args[1] ?? "r") === "r";
    if (String(args[0]).includes(KILL_IN) && !reads) {
      if (KILL_LOG) fs.appendFileSync(KILL_LOG, `${name} ${args[0]}\n`);
      if (++calls === Number(KILL_AT)) process.kill(process.pid, "SIGKILL");
    }
    return real(...args);
  };
}
syncBuiltinESMExports();
