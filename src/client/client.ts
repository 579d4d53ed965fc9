/** Asks a service for scores, from Node or a browser: nothing but fetch. Asks again, later and later, where the service is busy. */
import { type Fault, FormatError, setting } from "../base/index.ts";

/** Where a service is, and how it is asked. */
export interface ClientOptions {
  /** Such as `http://127.0.0.1:8431`. */
  readonly url: string;
  readonly token?: string | undefined;
  /** How often it is asked again after 429, 503 and broken connections. Default 4. */
  readonly retries?: number | undefined;
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Waits so many milliseconds. Default: a timer. */
  readonly wait?: ((milliseconds: number) => Promise<void>) | undefined;
}

/** What a service says of an image. */
export interface ServedPrediction {
  readonly name: string;
  /** Higher = more anomalous, nats; null where a likelihood was not finite, as anomalous as can be. */
  readonly score: number | null;
  readonly pValue: number;
  readonly anomalous: boolean;
  /** Where the score joins others, the one that stands out most. */
  readonly spokesman?: string;
  readonly scores: Readonly<Record<string, number | null>>;
  readonly predictedClass?: string | null;
  readonly classProbability?: number | null;
  /** The picture of its map, a PNG in base64. */
  readonly map?: string;
}

/** What a service says of images. */
export interface ServedPredictions {
  readonly detector: { readonly id: string; readonly version: string };
  readonly score: string;
  /** What decides, in words. */
  readonly rule: string;
  readonly falseAlarm: number | null;
  readonly threshold: number | null;
  readonly smallestFalseAlarm: number;
  /** What the maps show: the score itself, or where it has no places another one. */
  readonly map?: string;
  readonly images: readonly ServedPrediction[];
}

/** What a service says of a detector. */
export interface ServedDetectorSummary {
  readonly id: string;
  readonly ready: boolean;
  readonly version: string | null;
  readonly fault: Pick<Fault, "subject" | "expected" | "got"> | null;
  readonly scores: readonly string[];
}

/** An image file. */
export interface ImageFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer> | Blob;
}

/** How images are judged. */
export interface PredictWish {
  readonly falseAlarm?: number | undefined;
  readonly score?: string | undefined;
  /** Whether maps are drawn: where in each image the score comes from. */
  readonly maps?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a detector decides from now on: by one of `falseAlarm`, `threshold`, `budget` of `expected` images and `fdr`, or only by another score. */
export interface ThresholdWish {
  readonly score?: string | undefined;
  readonly falseAlarm?: number | undefined;
  readonly threshold?: number | undefined;
  readonly budget?: number | undefined;
  readonly expected?: number | undefined;
  readonly certainty?: number | undefined;
  readonly fdr?: number | undefined;
}

/** How a detector decides. */
export interface ServedThreshold
  extends Pick<ServedPredictions, "detector" | "score" | "rule" | "falseAlarm" | "threshold"> {
  /** False where the change is written and the former detector still answers. */
  readonly served: boolean;
  /** What the calibration cannot give although the rule asks for it. */
  readonly shortage: string | null;
  readonly undoable: boolean;
}

/** Whether what a detector is sent has changed. */
export interface ServedDrift extends Pick<ServedPredictions, "detector"> {
  /** Since when images are counted, ISO 8601. */
  readonly since: string;
  readonly images: number;
  /** False where the calibration is too small, which `reason` says. */
  readonly watched: boolean;
  readonly reason: string | null;
  readonly drifted: boolean;
  readonly columns: readonly {
    readonly column: string;
    readonly drifted: boolean;
    readonly highest: number;
    readonly threshold: number;
    /** What changed and how, where it drifted. */
    readonly words: string | null;
  }[];
}

/** A service, to be asked. */
export interface Client {
  detectors(): Promise<readonly ServedDetectorSummary[]>;
  /** Throws ServiceError where the service refuses, the signal's reason where it calls the question off. */
  predict(detector: string, images: readonly ImageFile[], wish?: PredictWish): Promise<ServedPredictions>;
  /** At a chance of `falseAlarm` that drift is ever told where there is none, default 0.01. */
  drift(detector: string, falseAlarm?: number): Promise<ServedDrift>;
  threshold(detector: string): Promise<ServedThreshold>;
  /** Changes the detector of a version, the one that `threshold` told. Throws ServiceError, of status 412 where it is another by now. */
  setThreshold(detector: string, version: string, wish: ThresholdWish): Promise<ServedThreshold>;
  /** Takes the last change back. Throws as `setThreshold`. */
  undoThreshold(detector: string, version: string): Promise<ServedThreshold>;
}

/** A service's refusal. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly status: number;
  readonly fault: Fault | undefined;
  constructor(status: number, message: string, fault: Fault | undefined) {
    super(message);
    this.status = status;
    this.fault = fault;
  }
}

const firstWait = 200;

/**
 * A client of a service.
 *
 * @example
 * ```ts
 * import { openClient } from "outglow/client";
 *
 * const client = openClient({ url: "http://127.0.0.1:8431" });
 * const { images } = await client.predict("parts", [{ name: "a.png", bytes }], { falseAlarm: 0.05 });
 * ```
 */
export function openClient(options: ClientOptions): Client {
  const { url, token, retries = 4, fetch: ask = globalThis.fetch, wait = timer } = options;
  const base = url.replace(/\/+$/, "");
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };

  const send = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    for (let attempt = 0; ; attempt++) {
      init.signal?.throwIfAborted();
      const last = attempt >= retries;
      const answer = await ask(`${base}${path}`, {
        ...init,
        headers: { ...headers, ...init.headers } as Record<string, string>,
      }).catch((error: unknown) => {
        init.signal?.throwIfAborted();
        if (last) throw error;
        return undefined;
      });
      if (answer?.ok) return answer.json();
      if (answer && (last || ![429, 503].includes(answer.status))) throw await refusalOf(answer);
      const asked = 1000 * Number(answer?.headers.get("retry-after") ?? 0);
      await answer?.body?.cancel();
      await wait(Math.max(asked || 0, firstWait * 2 ** attempt));
    }
  };

  const pathOf = (detector: string): string => `/api/detectors/${encodeURIComponent(detector)}`;
  const thresholdPath = (detector: string): string => `${pathOf(detector)}/threshold`;
  const change = (path: string, method: string, version: string, body: string | null): Promise<unknown> =>
    send(path, { method, body, headers: { "if-match": `"${version}"`, "content-type": "application/json" } });

  return {
    drift: async (detector, falseAlarm = 0.01) =>
      (await send(`${pathOf(detector)}/drift?falseAlarm=${falseAlarm}`)) as ServedDrift,
    threshold: async (detector) => (await send(thresholdPath(detector))) as ServedThreshold,
    setThreshold: async (detector, version, wish) =>
      (await change(thresholdPath(detector), "PUT", version, JSON.stringify(wish))) as ServedThreshold,
    undoThreshold: async (detector, version) =>
      (await change(`${thresholdPath(detector)}/undo`, "POST", version, null)) as ServedThreshold,
    async detectors() {
      return ((await send("/api/detectors")) as { detectors: readonly ServedDetectorSummary[] }).detectors;
    },
    async predict(detector, images, { falseAlarm, score, maps, signal } = {}) {
      if (images.length === 0) {
        throw new FormatError({ code: "too-few-images", subject: setting("images"), expected: "images", got: "none" });
      }
      const query = new URLSearchParams();
      if (falseAlarm !== undefined) query.set("falseAlarm", String(falseAlarm));
      if (score !== undefined) query.set("score", score);
      if (maps) query.set("map", "png");
      const body = new FormData();
      for (const { name, bytes } of images)
        body.append("images", bytes instanceof Blob ? bytes : new Blob([bytes]), name);
      const path = `${pathOf(detector)}:predict?${query}`;
      return (await send(path, { method: "POST", body, ...(signal && { signal }) })) as ServedPredictions;
    },
  };
}

async function refusalOf(answer: Response): Promise<ServiceError> {
  const body = (await answer.json().catch(() => ({}))) as { readonly error?: string; readonly fault?: Fault };
  return new ServiceError(answer.status, body.error ?? `the service answered ${answer.status}`, body.fault);
}

function timer(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
