/** `find` on a tiny made pile: what it tells, leaves, refuses, and that it goes on where it was stopped. */
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { find, type Watch, type WorkflowEvent, writeFound } from "../src/workflow/index.ts";
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
  expect(said.images[0].share).toBe(1 / 80);
  expect((await readdir(at("found"))).sort()).toEqual(["found.csv", "oddest.png", "report.html", "run"]);
  // No copy of a person's images stays.
  expect(await readdir(at("found", "run"))).not.toContain("images");
  const [head, first, ...rest] = (await readFile(at("found", "found.csv"), "utf8")).trim().split("\n");
  expect(head).toMatch(/^rank,file,score,pile_share,class,same_as,oddness,hierarchy_share,/);
  expect(first).toMatch(/^1,pile\/others\//);
  expect(rest).toHaveLength(79);
  expect(await readFile(at("found", "report.html"), "utf8")).toContain("It is no p-value");
});

test("a search that was stopped goes on to the same result, bit for bit, and a finished one is not scored again", async () => {
  const out = at("stopped");
  const standing = ["find.json", "general", "pass-1-half-1"];
  for (const name of standing) await cp(at("found", "run", name), join(out, "run", name), { recursive: true });
  const goOn = async (watch: Watch = {}) => {
    const outcome = await find({ out, resume: true, data: at("pile") }, watch);
    return outcome.outcome === "finished" ? writeFound(outcome.found) : undefined;
  };
  const stop = new AbortController();
  const stopAt = (event: WorkflowEvent): void => {
    if (event.kind === "note" && event.text.startsWith("pass 1 of 2, half 2")) stop.abort();
  };
  expect(await goOn({ onEvent: stopAt, signal: stop.signal })).toBeUndefined();
  const { table } = (await goOn())!;
  const inPlace = (text: string): string => text.replaceAll(at("pile"), "pile");
  const first = await readFile(table, "utf8");
  expect(inPlace(first)).toBe(await readFile(at("found", "found.csv"), "utf8"));
  await rm(table);
  const kinds = new Set<string>();
  await goOn({ onEvent: (event) => kinds.add(event.kind === "progress" ? event.task : event.kind) });
  expect(await readFile(table, "utf8")).toBe(first);
  expect(kinds).not.toContain("scoring");
  // Scores that cannot be read are measured again.
  await writeFile(join(out, "run", "pass-2.json"), "{");
  await goOn({ onEvent: (event) => kinds.add(event.kind === "progress" ? event.task : event.kind) });
  expect(await readFile(table, "utf8")).toBe(first);
  expect(kinds).toContain("scoring");
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
