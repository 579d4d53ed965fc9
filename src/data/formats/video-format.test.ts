/** Tests of videos, by programs that stand for ffmpeg and ffprobe: which pictures are taken, that each is always the same, and what is said where something is missing. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { tarOf } from "../containers/example-archives.ts";
import { greyPng } from "../decoding/example-images.ts";
import { makeFolder, writeFiles } from "../example-files.ts";
import { openImages } from "../opening.ts";

/** A video of 4x2 that is 70.9 seconds long, or whatever its text says; its picture of second N is all of level N. It writes down its calls. */
const programs = {
  ffprobe: `for last; do :; done
    file="\${last#file:}"
    case "$(cat "$file")" in
      good) echo '{"streams":[{"width":4,"height":2}],"format":{"duration":"70.9"}}' ;;
      sound) echo '{"streams":[],"format":{"duration":"70.9"}}' ;;
      *) echo "$file: Invalid data found" >&2; exit 1 ;;
    esac`,
  ffmpeg: `if [ "$2" = -version ]; then echo "ffmpeg version 9 of a test"; exit; fi
    echo "$@" >> "$(dirname "$0")/calls"
    from=0; count=0; fps=1
    while [ $# -gt 0 ]; do
      case "$1" in -ss) from="$2" ;; -frames:v) count="$2" ;; esac
      shift
    done
    level="\${from%.*}"
    while [ "$count" -gt 0 ] && [ "$level" -lt 70 ]; do
      printf 'P6\\n4 2\\n255\\n'
      head -c 24 /dev/zero | tr '\\0' "\\\\$(printf %o "$level")"
      level=$((level + 1)); count=$((count - 1))
    done`,
};

let folder: Awaited<ReturnType<typeof makeFolder>>;
const at = (name: string): string => join(folder.folder, name);
const path = process.env.PATH;

beforeAll(async () => {
  folder = await makeFolder();
  const scripts = Object.entries(programs).map(([name, text]) => [`bin/${name}`, `#!/bin/sh\n${text}\n`] as const);
  await writeFiles(folder.folder, Object.fromEntries(scripts));
  for (const [name] of scripts) await chmod(at(name), 0o755);
  await writeFiles(folder.folder, {
    "clips/day/a.mp4": "good",
    "clips/night/b.MKV": "good",
    "clips/night/sound.mp4": "sound",
    "clips/torn.avi": "torn",
    "only/torn.avi": "torn",
    "mixed/a.png": await greyPng(4, 2, 9),
    "mixed/a.mp4": "good",
    "packed.tar": await tarOf({ "a.mp4": "good" }),
  });
});

beforeEach(async () => {
  process.env.PATH = `${at("bin")}:${path}`;
  await writeFile(at("bin/calls"), "");
});
afterEach(() => {
  process.env.PATH = path;
});
afterAll(() => folder.remove());

const open = (location: string) => openImages(at(location), "images");

test("one picture a second, by the folder that the video lies in, and what is no video is named", async () => {
  const source = await open("clips");
  expect(source.length).toBe(140);
  expect([source.name(0), source.name(139)]).toEqual([at("clips/day/a.mp4#t=0.000"), at("clips/night/b.MKV#t=69.000")]);
  expect([source.className(0), source.className(139)]).toEqual(["day", "night"]);
  expect(source.problems.map(({ reason }) => reason)).toEqual([
    "cannot be read as a video: it has no picture",
    expect.stringMatching(/^cannot be read as a video: .*torn\.avi: Invalid data found$/),
  ]);
  expect(source.remarks).toEqual(["one picture a second of 2 videos ('#fps=' takes others)"]);
  expect(await source.channels()).toBe(3);
});

test("each picture is the same in every order, and neighbours come from one call", async () => {
  const source = await open("clips#split=day");
  const levels = async (indices: readonly number[]): Promise<unknown[]> =>
    Promise.all(
      indices.map(async (index) => {
        const image = await source.read(index);
        return image.kind === "raw" && [image.channels, image.height, image.width, ...new Set(image.pixels)];
      }),
    );
  expect(await levels([0, 1, 31])).toEqual([0, 1, 31].map((level) => [3, 2, 4, level]));
  const calls = (await readFile(at("bin/calls"), "utf8")).trimEnd().split("\n");
  expect(calls).toHaveLength(1);
  expect(calls[0]).toContain("-protocol_whitelist file,pipe");
  expect(calls[0]).toContain(`-ss 0 -i file:${at("clips/day/a.mp4")} -map 0:v:0 -vf fps=1 -frames:v 32`);
  expect(await levels([69, 40, 5])).toEqual([69, 40, 5].map((level) => [3, 2, 4, level]));
});

test("other rates, and pictures that the video does not have", async () => {
  const source = await open("clips/day/a.mp4#fps=0.1");
  expect([source.length, source.name(6)]).toEqual([7, at("clips/day/a.mp4#t=60.000")]);
  // The stand-in counts on by one second a picture; a video ends at its 70th.
  const quick = await open("clips/day/a.mp4#fps=2");
  expect([quick.length, quick.name(1)]).toEqual([141, at("clips/day/a.mp4#t=0.500")]);
  await expect(quick.read(140)).rejects.toThrow("the video ends before");
  await expect(open("mixed#fps=2")).rejects.toThrow("expected 'fps' with videos, got 'fps=2' with image files");
  await expect(open("clips#fps=0")).rejects.toThrow("expected frames a second from 0.001 to 1000 for 'fps', got '0'");
});

test("videos beside images, in archives and without ffmpeg are told of", async () => {
  const mixed = await open("mixed");
  expect([mixed.length, mixed.leftOut]).toMatchObject([1, [{ kind: "unread", what: ".mp4 file" }]]);
  await expect(open("only")).rejects.toThrow(/torn\.avi', which cannot be read: cannot be read as a video/);
  await expect(open("packed.tar")).rejects.toThrow(
    /expected videos as files of their own, got '.*packed.tar.*' in an archive; unpack it/,
  );
  process.env.PATH = at("clips");
  await expect(open("clips")).rejects.toThrow(
    /images: expected ffmpeg and ffprobe to be installed, which read videos, got '.*a\.mp4' and neither of them; install ffmpeg/,
  );
});
