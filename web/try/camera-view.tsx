/** A camera, frame by frame: each is scored as soon as the one before is done, and nothing of it is kept. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../components/button.tsx";
import type { ScoredImage, WebDetector } from "../engine/index.ts";
import { report } from "../shell/errors.ts";

export interface CameraViewProps {
  readonly detector: WebDetector;
  readonly score: string;
  readonly rate: number;
}

/** The longest side of a frame as it is scored, pixels. */
const mostSide = 640;

export function CameraView({ detector, score, rate }: CameraViewProps): JSX.Element {
  const on = useSignal(false);
  const last = useSignal<ScoredImage | undefined>(undefined);
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (!on.value) return undefined;
    const state = { over: false, stream: undefined as MediaStream | undefined };
    const end = (): void => {
      state.over = true;
      for (const track of state.stream?.getTracks() ?? []) track.stop();
    };
    watch(detector, score, video.current!, state, (seen) => (last.value = seen)).catch((error: unknown) => {
      if (state.over) return;
      end();
      on.value = false;
      report(cameraError(error));
    });
    return end;
  }, [on.value, detector, score, on, last]);
  if (!navigator.mediaDevices) {
    return <p class="faint camera-place">A camera needs a page that came by https or from this machine.</p>;
  }
  const { value: seen } = last;
  return (
    <div class="camera-place">
      <Button onClick={() => (on.value = !on.value)}>
        {on.value ? "Stop the camera" : "Score a camera, frame by frame"}
      </Button>
      {on.value && (
        <div class="camera">
          <video ref={video} muted playsInline aria-label="Camera" />
          {seen && (
            <p class={seen.pValue <= rate ? "bad" : undefined}>
              {seen.pValue <= rate ? "anomalous" : "normal"}, {score} {seen.score.toFixed(2)}, p-value{" "}
              {seen.pValue.toPrecision(2)}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

/** Scores frames until it is over. */
async function watch(
  detector: WebDetector,
  score: string,
  video: HTMLVideoElement,
  state: { readonly over: boolean; stream: MediaStream | undefined },
  onSeen: (seen: ScoredImage) => void,
): Promise<void> {
  state.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  if (state.over) {
    for (const track of state.stream.getTracks()) track.stop();
    return;
  }
  video.srcObject = state.stream;
  await video.play();
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  while (!state.over) {
    const shrink = Math.max(1, Math.max(video.videoWidth, video.videoHeight) / mostSide);
    canvas.width = Math.round(video.videoWidth / shrink);
    canvas.height = Math.round(video.videoHeight / shrink);
    if (canvas.width > 0 && canvas.height > 0) {
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const { data, height, width } = context.getImageData(0, 0, canvas.width, canvas.height);
      const [found] = await detector.scoreFrames([{ rgba: data, height, width }], { score });
      if (!found || "reason" in found) throw new Error(found?.reason ?? "no picture");
      if (!state.over) onSeen(found);
    }
    await new Promise(requestAnimationFrame);
  }
}

function cameraError(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  if (error.name === "NotAllowedError")
    return new Error("The camera may not be used: allow it for this page in the browser's settings.");
  if (error.name === "NotFoundError") return new Error("There is no camera.");
  return error;
}
