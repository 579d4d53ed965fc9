/** A folder of a test file's own, and the built command line run in it. */
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { type Outcome, runOutglow, temporaryFolder } from "./command.ts";

/** A folder that a file's commands run in: there before its tests, gone after them. */
export interface Workplace {
  readonly path: string;
  /** The path of something in it. */
  at(...parts: string[]): string;
  /** Runs `outglow ARGS` there. */
  run(...args: string[]): Promise<Outcome>;
  /** The same, where anything but success fails the test with what the command said. */
  succeed(...args: string[]): Promise<Outcome>;
}

/** The workplace of a file's tests. Asked for at the top of the file, so that it is made before whatever else is. */
export function ownWorkplace(): Workplace {
  let made: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    made = await temporaryFolder();
  });
  afterAll(() => made.dispose());
  const run = (...args: string[]): Promise<Outcome> => runOutglow(made.path, ...args);
  return {
    get path() {
      return made.path;
    },
    at: (...parts) => join(made.path, ...parts),
    run,
    async succeed(...args) {
      const outcome = await run(...args);
      expect(outcome.code, outcome.stderr).toBe(0);
      return outcome;
    },
  };
}
