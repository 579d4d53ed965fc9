/** The encoder that a person names: its file, the JSON beside it, and what there is to say about both. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { ConfigError, type Fault, FormatError, messageOf, type Remedy, RunError, setting } from "../../base/index.ts";
import {
  describeNote,
  type EncoderDescription,
  encoderDescriptionSchema,
  type InspectedEncoder,
  inspectEncoder,
} from "../../encoder/index.ts";
import { describeIssue } from "../../model/index.ts";
import { nodeEngine } from "../../runtime/index.ts";
import type { Watch } from "../events.ts";

/** An encoder that was read and looked at. */
export interface EncoderFile {
  /** Absolute. */
  readonly path: string;
  readonly model: Uint8Array<ArrayBuffer>;
  readonly record: InspectedEncoder["record"];
}

/** Larger models could not be kept in a detector. */
const mostBytes = 2 ** 31 - 1;

/**
 * Reads an ONNX file and `NAME.json` beside it, if there is one, and looks at the model. What was guessed is noted, a doubtful range is a
 * warning. Throws ConfigError where there is no file or its description names taps that are none, FormatError where it is no model in one file, takes
 * no images, gives no features, or does not run, and for a damaged description.
 */
export async function openEncoderFile(file: string, threads: number, watch: Watch): Promise<EncoderFile> {
  const path = resolve(file);
  const model = await readModel(path);
  const description = await readDescription(path.replace(/\.onnx$/i, ".json"));
  const { record, notes } = await inspectEncoder(nodeEngine({ threads }), model, description).catch(
    (error: unknown): never => {
      throw ofSetting(error);
    },
  );
  for (const note of notes) {
    const kind = note.kind === "range-doubtful" ? "warning" : "note";
    watch.onEvent?.({ kind, text: describeNote(note) });
  }
  return { path, model, record };
}

async function readModel(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const subject = setting("encoder");
  const remedy: Remedy = { key: "choose-another" };
  const stats = await stat(path).catch((error: unknown): never => {
    throw new ConfigError({ code: "not-found", subject, expected: "an ONNX file", got: messageOf(error), remedy });
  });
  if (!stats.isFile() || stats.size > mostBytes) {
    const got = stats.isFile() ? `one of ${stats.size} bytes` : `'${path}', which is no file`;
    throw new ConfigError({ code: "unsupported", subject, expected: "an ONNX file below 2 GB", got, remedy });
  }
  return new Uint8Array(await readFile(path));
}

async function readDescription(path: string): Promise<EncoderDescription> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw damaged(path, "a file that can be read", error.message);
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw damaged(path, "JSON", messageOf(error));
  }
  const result = encoderDescriptionSchema.safeParse(content);
  if (!result.success) throw damaged(path, "the description of an encoder", describeIssue(result.error, content));
  return result.data;
}

function damaged(path: string, expected: string, got: string): FormatError {
  const remedy: Remedy = { key: "other", text: "docs/faults.md says what it may hold" };
  return new FormatError({ code: "damaged", subject: `${setting("encoder")} '${path}'`, expected, got, remedy });
}

/** What was found wrong with a model, said of the setting that named it. */
function ofSetting(error: unknown): unknown {
  const subject = setting("encoder");
  if (error instanceof RunError) {
    const got = error.fault?.got ?? error.message;
    const remedy: Remedy = { key: "other", text: "export it anew with standard operators, or choose another" };
    return new FormatError({ code: "unsupported", subject, expected: "a model that the engine runs", got, remedy });
  }
  if (!(error instanceof FormatError || error instanceof ConfigError) || !error.fault) return error;
  const fault = { remedy: wayOut(error.fault), ...error.fault, subject };
  return error instanceof FormatError ? new FormatError(fault) : new ConfigError(fault);
}

function wayOut({ code, expected }: Fault): Remedy {
  if (code === "damaged") return { key: "other", text: "is it an ONNX file?" };
  if (expected.includes("one file")) return { key: "other", text: "save it with its weights inside" };
  if (expected.includes("features")) return { key: "other", text: "name its taps in a JSON beside it" };
  return { key: "choose-another" };
}
