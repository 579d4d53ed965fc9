/** Videos by an installed ffmpeg, as a program beside this one: what it says of a file, and pictures of it. */
import { spawn } from "node:child_process";
import { messageOf } from "../../base/index.ts";
import type { RawImage } from "../../pixels/index.ts";

/** What is known of a video's picture before it is decoded. */
export interface VideoFacts {
  readonly height: number;
  readonly width: number;
  /** Seconds. */
  readonly duration: number;
}

/** A program that is not installed. */
export class MissingProgram extends Error {
  override readonly name = "MissingProgram";
}

/** Containers that are read, by ffmpeg's names: none that leads to other files or to a network. */
const containers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,asf,ogg,flv";

/** Whatever a file says, it opens nothing but itself. */
const guarded = ["-v", "error", "-protocol_whitelist", "file,pipe", "-format_whitelist", containers];

/** Milliseconds that a call may take. */
const patience = 120_000;

/** The version of ffmpeg, as it says it. Throws MissingProgram where there is none. */
export async function ffmpegVersion(): Promise<string> {
  const said = await run("ffmpeg", ["-hide_banner", "-version"], 2 ** 16);
  return said.toString("latin1").split("\n")[0]!.slice(0, 100);
}

/** Size and duration of a video. Throws an Error with what ffmpeg says of a file that is none, MissingProgram without ffmpeg. */
export async function videoFacts(path: string): Promise<VideoFacts> {
  const shown = ["-select_streams", "v:0", "-show_entries", "stream=width,height:format=duration", "-of", "json"];
  const said = await run("ffprobe", [...guarded, ...shown, `file:${path}`], 2 ** 20);
  const { streams, format } = JSON.parse(said.toString()) as {
    streams?: readonly { width?: number; height?: number }[];
    format?: { duration?: string };
  };
  const [width, height] = [Number(streams?.[0]?.width), Number(streams?.[0]?.height)];
  const duration = Number(format?.duration);
  if (!(width > 0 && height > 0)) throw new Error("it has no picture");
  if (!(duration > 0)) throw new Error("nobody knows how long it is");
  return { width, height, duration };
}

/** Which pictures of a video are meant. */
export interface FrameRange {
  /** Pictures a second. */
  readonly fps: number;
  /** The number of the first one. */
  readonly first: number;
  readonly count: number;
}

/** Some pictures of a video, upright; fewer where it ends before. Throws an Error with what ffmpeg says. */
export async function videoFrames(
  path: string,
  { fps, first, count }: FrameRange,
  facts: VideoFacts,
): Promise<RawImage[]> {
  const bytes = count * (3 * facts.width * facts.height + 64);
  const place = ["-ss", String(first / fps), "-i", `file:${path}`, "-map", "0:v:0"];
  const wanted = ["-vf", `fps=${fps}`, "-frames:v", String(count), "-f", "image2pipe", "-c:v", "ppm", "pipe:1"];
  return readPixmaps(await run("ffmpeg", ["-nostdin", ...guarded, ...place, ...wanted], bytes));
}

/** Pictures one after another as PPM: `P6`, width, height, 255, and three bytes a pixel. */
function readPixmaps(bytes: Buffer): RawImage[] {
  const images: RawImage[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.toString("latin1", at, at + 64));
    if (!head) throw new Error("ffmpeg sent no picture");
    const [width, height] = [Number(head[1]), Number(head[2])];
    const [start, area] = [at + head[0].length, width * height];
    const end = start + 3 * area;
    if (end > bytes.length) throw new Error("ffmpeg sent half a picture");
    const pixels = new Uint8Array(3 * area);
    for (let pixel = 0; pixel < area; pixel++) {
      for (let channel = 0; channel < 3; channel++)
        pixels[channel * area + pixel] = bytes[start + 3 * pixel + channel]!;
    }
    images.push({ kind: "raw", pixels, channels: 3, height, width });
    at = end;
  }
  return images;
}

/** What a program writes, up to so many bytes. */
function run(program: string, args: readonly string[], mostBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: patience, killSignal: "SIGKILL" });
    const chunks: Buffer[] = [];
    let length = 0;
    let said = "";
    child.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "ENOENT" ? new MissingProgram(`no ${program}`) : new Error(messageOf(error)));
    });
    child.stdout.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > mostBytes) child.kill("SIGKILL");
      else chunks.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (said.length < 1000) said += chunk.toString("utf8");
    });
    child.once("close", (code, signal) => {
      if (length > mostBytes) reject(new Error(`${program} sent more than it should`));
      else if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new Error(said.trim().split("\n")[0] || `${program} ended with ${signal ?? code}`));
    });
  });
}
