#!/usr/bin/env node
/** The outglow command: help at once, for everything else the parser. */
import { helpText } from "./help.ts";

// A reader that has seen enough, such as head, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const [first, ...others] = process.argv.slice(2);
if (others.length === 0 && (first === "--help" || first === "-h")) process.stdout.write(helpText);
else await import("./program.ts");
