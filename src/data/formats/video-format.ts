/** Videos: one picture a second, or as many as the selection says, by an installed ffmpeg. Nothing is unpacked to the disk. */
import { ConfigError, messageOf } from "../../base/index.ts";
import type { RawImage } from "../../pixels/index.ts";
import { ffmpegVersion, MissingProgram, type VideoFacts, videoFacts, videoFrames } from "../decoding/ffmpeg.ts";
import { readableName } from "../files/path-bytes.ts";
import { foldersOf } from "../files/path-names.ts";
import type { ImageFormat, Opening, PreparationProblem, StoredFile } from "../image-source.ts";

const videoName = /\.(mp4|m4v|mov|avi|mkv|webm|mpe?g|wmv|ogv|flv|3gp)$/i;

/** Pictures a second where nothing else is said. */
const usualRate = 1;

/** Bytes of pictures that one call of ffmpeg gives: a call takes longer than a picture, and all of them are in memory. */
const [callBytes, mostCalled] = [2 ** 26, 32];

interface OpenVideo {
  readonly file: StoredFile;
  readonly place: string;
  readonly facts: VideoFacts;
  readonly count: number;
  /** The number of its first picture among all. */
  readonly start: number;
}

export const videoFormat: ImageFormat = {
  name: "video",
  members: ({ files }) => files.filter(({ path }) => videoName.test(path)),
  // Those in archives are not read.
  concerns: () => false,
  async open(tree, opening) {
    const { fps = usualRate } = opening;
    const members = videoFormat.members(tree);
    // Said before ffmpeg is asked for, which would not help.
    if (members[0]!.place === undefined) throw inArchive(members[0]!, opening);
    const decoder = await ffmpegVersion().catch((error: unknown) => {
      throw error instanceof MissingProgram ? withoutFfmpeg(members[0]!, opening) : error;
    });
    const videos: OpenVideo[] = [];
    const problems: PreparationProblem[] = [];
    let length = 0;
    for (const file of members) {
      const video = await openVideo(file, fps, length);
      if ("reason" in video) problems.push({ name: file.shown, reason: video.reason });
      else {
        videos.push(video);
        length += video.count;
      }
    }
    if (videos.length === 0) throw new Error(problems[0]!.reason);
    const at = (index: number): readonly [OpenVideo, number] => {
      const video = videos[videos.findLastIndex(({ start }) => start <= index)]!;
      return [video, index - video.start];
    };
    const frame = frameReader(fps);
    return {
      format: "video",
      length,
      decoder,
      problems,
      remarks: [
        `${fps === 1 ? "one picture" : `${fps} pictures`} a second of ${videos.length} videos ('#fps=' takes others)`,
      ],
      name: (index) => {
        const [{ file }, number] = at(index);
        return `${readableName(file.shown)}#t=${(number / fps).toFixed(3)}`;
      },
      className: (index) => foldersOf(at(index)[0].file.path).map(readableName).at(-1),
      splitNames: (index) => foldersOf(at(index)[0].file.path).map(readableName),
      read: async (index) => {
        const [video, number] = at(index);
        const image = await frame(video, number);
        if (image) return image;
        throw new Error("the video ends before");
      },
    };
  },
};

async function openVideo(
  file: StoredFile,
  fps: number,
  start: number,
): Promise<OpenVideo | { readonly reason: string }> {
  const place = file.place!;
  try {
    const facts = await videoFacts(place);
    return { file, place, facts, count: Math.max(1, Math.floor(facts.duration * fps)), start };
  } catch (error) {
    return { reason: `cannot be read as a video: ${messageOf(error)}` };
  }
}

/** Pictures by their numbers. A call of ffmpeg gives some that follow each other, always the same ones, so that no picture depends on what was asked for before. */
function frameReader(fps: number): (video: OpenVideo, number: number) => Promise<RawImage | undefined> {
  const called = new Map<string, Promise<RawImage[]>>();
  // One call at a time: ffmpeg has threads of its own, and its pictures lie in memory.
  let turn: Promise<unknown> = Promise.resolve();
  return async ({ place, facts, count }, number) => {
    const many = Math.max(1, Math.min(mostCalled, Math.floor(callBytes / (3 * facts.width * facts.height))));
    const first = number - (number % many);
    const key = `${first} ${place}`;
    const known = called.get(key);
    const frames =
      known ?? turn.then(() => videoFrames(place, { fps, first, count: Math.min(many, count - first) }, facts));
    if (!known) {
      called.set(key, frames);
      turn = frames.catch(() => undefined);
      // Those that are read side by side lie in two calls at most.
      if (called.size > 2) called.delete(called.keys().next().value!);
    }
    return (await frames)[number - first];
  };
}

/** Programs read videos from files of their own: ffmpeg goes back and forth in them, and nothing is unpacked to the disk. */
function inArchive({ shown }: StoredFile, { subject }: Opening): ConfigError {
  return new ConfigError({
    code: "unsupported",
    subject,
    expected: "videos as files of their own",
    got: `'${shown}' in an archive`,
    remedy: { key: "other", text: "unpack it" },
  });
}

function withoutFfmpeg({ shown }: StoredFile, { subject }: Opening): ConfigError {
  return new ConfigError({
    code: "unsupported",
    subject,
    expected: "ffmpeg and ffprobe to be installed, which read videos",
    got: `'${shown}' and neither of them`,
    remedy: { key: "other", text: "install ffmpeg, or save pictures of the video" },
  });
}
