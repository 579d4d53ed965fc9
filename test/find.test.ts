/** `find` on a tiny made pile: what it tells, leaves, refuses, and that it goes on where it was stopped. */
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { find, type WorkflowEvent, writeFound } from "../src/workflow/index.ts";
import { runOutglow, temporaryFolder, writeMadeImages } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeMadeImages(at("pile", "rings"), "normal", 76);
  await writeMadeImages(at("pile", "others"), "natural", 4);
});

afterAll(() => folder.dispose());

test("images of another kind come out first, and table, sheet and report say so", async () => {
  const { code, stdout, stderr } = await runOutglow(
    folder.path,
    ...["find", "pile", "--out=found", "--top=5", "--json", "--size=16", "--depth=2", "--width=8", "--batch=16"],
    ...["--steps=15", "--threads=1", "--general=builtin#limit=64", "--no-cache"],
  );
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("80 images of 80 different things; 5 models to train, of 15 steps");
  const said = JSON.parse(stdout);
  expect(said.pile).toBe(80);
  const strays = said.images.filter(({ file }: { file: string }) => file.includes("others"));
  expect(strays.length).toBeGreaterThanOrEqual(3);
  // The oddest of either half: equal ones share the larger share.
  expect(said.images[0].share).toBeLessThanOrEqual(2 / 80);
  expect((await readdir(at("found"))).sort()).toEqual(["found.csv", "oddest.png", "report.html", "run"]);
  // No copy of a person's images stays.
  expect(await readdir(at("found", "run"))).not.toContain("images");
  const [head, first, ...rest] = (await readFile(at("found", "found.csv"), "utf8")).trim().split("\n");
  expect(head).toMatch(/^rank,file,score,pile_share,class,same_as,oddness,hierarchy_share,/);
  expect(first).toMatch(/^1,pile\/others\//);
  expect(rest).toHaveLength(79);
  expect(await readFile(at("found", "report.html"), "utf8")).toContain("It is no p-value");
});

test("a search that was stopped goes on to the same result, bit for bit, and what is scored is not scored again", async () => {
  const out = at("stopped");
  for (const name of ["find.json", "general", "pass-1-half-1", "pass-1-half-2"]) {
    await cp(at("found", "run", name), join(out, "run", name), { recursive: true });
  }
  // Scores that cannot be read are measured again.
  await writeFile(join(out, "run", "pass-1.json"), "{");
  const goOn = async (stopAt?: string) => {
    const stop = new AbortController();
    let scored = 0;
    const onEvent = (event: WorkflowEvent): void => {
      if (event.kind === "progress" && event.task === "scoring") scored++;
      if (stopAt !== undefined && event.kind === "note" && event.text.startsWith(stopAt)) stop.abort();
    };
    const outcome = await find({ out, resume: true, data: at("pile") }, { onEvent, signal: stop.signal });
    return { outcome, scored };
  };
  expect(await goOn("pass 2 of 2, half 1")).toEqual({ outcome: { outcome: "interrupted" }, scored: 2 });
  const inPlace = (text: string): string => text.replaceAll(at("pile"), "pile");
  for (const scored of [2, 0]) {
    const again = await goOn();
    if (again.outcome.outcome !== "finished") throw new Error("stopped again");
    expect(again.scored).toBe(scored);
    const { table } = await writeFound(again.outcome.found);
    expect(inPlace(await readFile(table, "utf8"))).toBe(await readFile(at("found", "found.csv"), "utf8"));
  }
});

test("refuses few images, a folder with other things in it, and to go on with nothing", async () => {
  await writeMadeImages(at("few"), "normal", 30);
  await expect(find({ data: at("few"), out: at("new") })).rejects.toThrow("expected at least 40, got 30");
  await expect(find({ data: at("pile"), out: at("pile") })).rejects.toThrow("with other files in it");
  await expect(find({ out: at("new"), resume: true })).rejects.toThrow("expected a search that was begun");
  await expect(find({ data: at("pile"), out: at("new"), share: 2 })).rejects.toThrow(
    "expected a share between 0 and 1",
  );
});
