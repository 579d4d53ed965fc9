/** The process that measures one case, so that its peak memory is its own: started by `measureApart`, which it tells the measurement. */
import { messageOf } from "../base/index.ts";
import type { ProgramOptions } from "../runtime/index.ts";
import { caseNamed } from "./cases.ts";
import { measureCase } from "./measurement.ts";

const send = process.send?.bind(process);
const job = process.argv[2];
if (send && job !== undefined) {
  const { name, engine } = JSON.parse(job) as { readonly name: string; readonly engine: ProgramOptions };
  const megabytes = (): number => process.resourceUsage().maxRSS / 1000;
  const answer = await measureCase(caseNamed(name), engine, megabytes).then(
    (measurement) => ({ measurement }),
    (error: unknown) => ({ failure: messageOf(error) }),
  );
  send(answer, () => process.exit(0));
}
