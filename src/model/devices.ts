/** The devices that models are trained and scored on. */

/** What can run programs. Results are bitwise equal only between runs on the same one. */
export const deviceNames = ["cpu", "webgpu", "cuda"] as const;
/** One of the devices. */
export type Device = (typeof deviceNames)[number];
