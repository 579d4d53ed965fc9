/** The process that tries a device: started by `findDeviceApart`, which it tells the finding. */
import { type Device, deviceNames } from "../base/index.ts";
import { findDevice } from "./device-findings.ts";

const name = process.argv[2] as Device;
if (process.send && deviceNames.includes(name)) {
  const send = process.send.bind(process);
  // Ended at once: a driver may keep threads that never end.
  send(await findDevice(name), () => process.exit(0));
}
