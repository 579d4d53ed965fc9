/** Loaded before a program: ends it as kill -9 does when it opens a file whose path holds POISON, as an image does that a decoder dies of. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const real = fs.open;
fs.open = (path, ...rest) => {
  if (String(path).includes(process.env.POISON)) process.kill(process.pid, "SIGKILL");
  return real(path, ...rest);
};
syncBuiltinESMExports();
