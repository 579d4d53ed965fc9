/** `outglow verify`: golden outputs on devices, line by line. */
import { type Device, describeFault, flagOf, RunError } from "../base/index.ts";
import { verifyDetector } from "../workflow/index.ts";
import { printText } from "./standard-output.ts";

/** The options of `outglow verify`, as commander parses them. */
export interface VerifyOptions {
  readonly device?: Device;
  readonly threads?: number;
  readonly json: boolean;
}

const marks = { same: "ok  ", differs: "FAIL", absent: "no  " } as const;

/** Prints what was found. Throws RunError where a device differs, or the one that was asked for does not work. */
export async function verify(detector: string, { device, threads, json }: VerifyOptions): Promise<void> {
  const found = await verifyDetector({ detector, ...(device && { devices: [device] }) }, { threads });
  if (json) printText(`${JSON.stringify(found)}\n`);
  else {
    for (const { device: name, verdict, comparisons, fault } of found.devices) {
      const parts = comparisons.map(
        ({ part, largest, share }) => `${part} differs by ${largest.toPrecision(2)}, ${percent(share)} of what may be`,
      );
      const text = fault ? describeFault(fault, flagOf) : parts.join("; ");
      printText(`${marks[verdict]} ${name}: ${text.replace(`--device ${name}: `, "")}\n`);
    }
    const { written, here } = found.onnxruntime;
    printText(`ONNX Runtime ${here} here, ${written} where it was written\n`);
  }
  const bad = found.devices.find(({ verdict }) => verdict === "differs" || (device && verdict === "absent"));
  if (bad?.fault) throw new RunError(bad.fault);
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
