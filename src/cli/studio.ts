/** `outglow studio`: pages that run until they are told to end. Their address goes to stdout, everything else to stderr. */
import { spawn } from "node:child_process";
import type { StudioSettings } from "../studio/index.ts";
import { startStudio } from "../studio/index.ts";
import { openConsole } from "./console.ts";
import { exitCodes } from "./exit-codes.ts";
import { onInterrupt } from "./interrupts.ts";

/** What is typed after `outglow studio`. */
export interface StudioOptions extends StudioSettings {
  readonly open: boolean;
}

/** Serves the pages until SIGINT or SIGTERM: what trains is paused and saved then. A second one ends it at once; trainings go on. */
export async function studio({ open, ...settings }: StudioOptions): Promise<void> {
  const output = openConsole(false);
  const running = await startStudio(settings, {
    log: (record) => {
      if (record.level !== "info") output.warn(JSON.stringify(record));
    },
    onAddress: (address) => output.note(`for another browser: ${address}`),
  });
  output.print(running.address);
  if (open) openBrowser(running.address);
  await new Promise<void>((resolve, reject) => {
    let stopping = false;
    const release = onInterrupt(() => {
      if (stopping) process.exit(exitCodes.interrupted);
      stopping = true;
      output.note("pausing what trains; Ctrl-C again ends at once");
      running.close().then(resolve, reject).finally(release);
    });
  });
}

/** Opens an address in the person's browser, where there is one: a terminal without a screen has none. */
function openBrowser(address: string): void {
  const { platform, env } = process;
  if (platform === "linux" && !env.DISPLAY && !env.WAYLAND_DISPLAY) return;
  const [program, args]: [string, string[]] =
    platform === "darwin"
      ? ["open", [address]]
      : platform === "win32"
        ? ["cmd", ["/c", "start", "", address]]
        : ["xdg-open", [address]];
  const child = spawn(program, args, { stdio: "ignore", detached: true });
  child.once("error", () => undefined);
  child.unref();
}
