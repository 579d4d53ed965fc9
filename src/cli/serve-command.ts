/** What a person types after `outglow serve`. */
import { Command } from "commander";
import { serviceSchema } from "../service/settings.ts";
import { byteSize, deviceOption, numberWithin, wholeNumber } from "./options.ts";
import type { ServeOptions } from "./serve.ts";

/** `outglow serve`. */
export function serveCommand(): Command {
  const defaults = serviceSchema.parse({ detectors: "detectors" });
  const several = (value: string, before: readonly string[] = []): string[] => [...before, value];
  return new Command("serve")
    .description("serve detectors over HTTP: Open Inference Protocol, scores of image files, metrics")
    .argument("<detectors>", "folder of detectors, or a detector")
    .option("--port <n>", "port to listen at; 0 for any that is free", wholeNumber(0), defaults.port)
    .option("--host <address>", "address to listen at; any but loopback demands --token-file", defaults.host)
    .option("--token-file <file>", "JSON list of { name, token, scopes } with scopes of read, score, admin")
    .option("--tls-cert <file>", "certificate as PEM, with those that vouch for it; demands --tls-key")
    .option("--tls-key <file>", "its key as PEM; both files and the tokens are read again on SIGHUP")
    .option("--audit-log <file>", "who changed which threshold (default: audit.jsonl in the folder of detectors)")
    .option("--allow-host <name>", "name by which it may be called; give it again for more", several)
    .option("--allow-origin <origin>", "web origin whose pages may call it; give it again for more", several)
    .option("--workers <n>", "engine processes (default: half the cores)", wholeNumber(1))
    .option("--threads <n>", "threads of each engine process (default: the cores shared out)", wholeNumber(1))
    .option(
      "--max-memory <size>",
      "memory for detectors, such as 2GB; the least used make room (default: all stay)",
      byteSize,
    )
    .addOption(deviceOption())
    .option("--max-batch <n>", "most images scored together", wholeNumber(1), defaults.maxBatch)
    .option("--max-wait <ms>", "how long an image waits for others", numberWithin(0, 10_000, false), defaults.maxWait)
    .option("--max-body <bytes>", "largest body of a request", wholeNumber(1024), defaults.maxBody)
    .option("--max-images <n>", "most images of a request", wholeNumber(1), defaults.maxImages)
    .option("--max-pixels <n>", "most pixels of an image file", wholeNumber(1), defaults.maxPixels)
    .option("--max-queue <n>", "most images that wait", wholeNumber(1), defaults.maxQueue)
    .option("--timeout <seconds>", "longest time for an answer", numberWithin(0.1, 3600, false), defaults.timeout)
    .option(
      "--rescan <seconds>",
      "time between looks for replaced detectors; 0 for none",
      numberWithin(0, 86_400, false),
      defaults.rescan,
    )
    .option("--check", "load every detector, say whether it passes, and end", false)
    .action(async (detectors: string, options: ServeOptions) => {
      const { serve } = await import("./serve.ts");
      await serve(detectors, options);
    });
}
