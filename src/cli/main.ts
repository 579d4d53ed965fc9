#!/usr/bin/env node
/** The outglow command: help at once, for everything else the parser. */
import { helpText } from "./help.ts";
import { printText, watchStandardOutput } from "./standard-output.ts";

watchStandardOutput();

const [first, ...others] = process.argv.slice(2);
if (others.length === 0 && (first === "--help" || first === "-h")) printText(helpText);
else await import("./program.ts");
