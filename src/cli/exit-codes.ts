/** What the command's exit code says. */
export const exitCodes = {
  /** Something failed: a damaged file, a diverged training, a full disk. */
  failure: 1,
  /** It was asked for what cannot be. */
  usage: 2,
  /** A watch saw an anomaly. */
  anomaly: 3,
  /** Images have what `data info --fail-on` names. */
  finding: 3,
  /** A watch saw drift. */
  drift: 4,
  /** Stopped by Ctrl-C or SIGTERM, with everything saved. */
  interrupted: 130,
} as const;
