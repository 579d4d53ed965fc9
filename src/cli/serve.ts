/** `outglow serve`: a service that runs until it is told to end. Its address goes to stdout, its log to stderr, as JSON, line by line. */
import { isatty } from "node:tty";
import { describeFault, flagOf, RunError, setting } from "../base/index.ts";
import { checkService, type LogRecord, type ServiceSettings, startService } from "../service/index.ts";
import { openConsole } from "./console.ts";
import { onInterrupt } from "./interrupts.ts";

/** What is typed after `outglow serve`. */
export interface ServeOptions extends Omit<ServiceSettings, "detectors"> {
  readonly check: boolean;
}

/** Serves until SIGINT or SIGTERM, and answers what it has taken; a second one ends it at once. */
export async function serve(detectors: string, { check, ...options }: ServeOptions): Promise<void> {
  const output = openConsole(false);
  const settings = { detectors, ...options };
  if (check) {
    const places = await checkService(settings, { log: () => undefined });
    for (const { id, served, fault } of places) {
      output.print(
        served
          ? `${id}  ready, version ${served.version}`
          : `${id}  ${fault ? describeFault(fault, flagOf) : "refused"}`,
      );
    }
    const refused = places.filter(({ served }) => served === undefined).length;
    if (refused === 0) return;
    throw new RunError({
      code: "mismatch",
      subject: setting("check"),
      expected: "detectors that pass their golden checks",
      got: `${refused} of ${places.length} that do not`,
    });
  }
  const service = await startService(settings, { log: (record) => output.warn(logLine(record)) });
  output.print(service.url);
  await new Promise<void>((resolve, reject) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) process.exit(1);
      stopping = true;
      service.close().then(resolve, reject).finally(release);
    };
    const release = onInterrupt(stop);
    // A terminal that closes says the same as an operator whose files have changed.
    process.on("SIGHUP", () => (isatty(0) ? stop() : void service.reload()));
  });
}

function logLine(record: LogRecord): string {
  return JSON.stringify({ time: new Date().toISOString(), ...record });
}
