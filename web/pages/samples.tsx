/** Samples: what a flow draws, at any temperature; one scale drawn anew while the others are kept; and an image with some of its scales redrawn. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { choicesOf, Select } from "../components/select.tsx";
import { Slider } from "../components/slider.tsx";
import { useDrawn } from "../looking/drawn-picture.ts";
import "../looking/looking.css";
import { ask, urlOf } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { goTo } from "../shell/router.ts";
import type { PageProps } from "../shell/routes.ts";

type Detector = ApiTypes["home"]["answer"]["detectors"][number];

/** What of a manifest is needed. */
interface Described {
  readonly training: { readonly model: { readonly scales: number } };
  readonly models: { readonly normal?: unknown; readonly general?: unknown };
}

const count = 16;
/** How long a slider rests before images are drawn, ms. */
const rest = 120;

export function SamplesPage({ query }: PageProps): JSX.Element {
  const detectors = useSignal<readonly Detector[] | undefined>(undefined);
  useEffect(
    () =>
      attempt(async () => {
        const home = await ask("home");
        detectors.value = home.detectors.filter(({ state }) => state === "ready");
      }),
    [],
  );
  if (!detectors.value) return <p class="faint">Loading</p>;
  const wished = query.get("detector");
  const chosen = detectors.value.find(({ id }) => id === wished) ?? detectors.value[0];
  return (
    <>
      <h1>Samples</h1>
      {chosen ? (
        <>
          <p class="lead">What a flow takes for its images. Each scale of it draws its own part of an image.</p>
          <Select
            label="Detector"
            value={chosen.id}
            choices={detectors.value.map(({ id, name }) => [id, name])}
            onChoose={(id) => goTo(`/samples?detector=${id}`)}
          />
          <Drawing key={chosen.id} detector={chosen} image={query.get("image") ?? undefined} />
        </>
      ) : (
        <p>
          There is no detector yet. <a href="#/">Make a demo, or train one.</a>
        </p>
      )}
    </>
  );
}

function Drawing({
  detector,
  image,
}: {
  readonly detector: Detector;
  readonly image: string | undefined;
}): JSX.Element {
  const described = useSignal<Described | undefined>(undefined);
  const model = useSignal<"normal" | "general">("normal");
  const temperature = useSignal(0.7);
  const seeds = useSignal<readonly number[]>([]);
  const kept = useSignal<readonly number[]>([]);
  const url = useSignal<string | undefined>(undefined);
  useEffect(
    () =>
      attempt(async () => {
        const { manifest } = await ask("detector", { parts: { detector: detector.id } });
        const known = manifest as Described;
        described.value = known;
        model.value = known.models.normal ? "normal" : "general";
        const scales = known.training.model.scales;
        seeds.value = Array.from({ length: scales }, () => 0);
        // At first the coarsest scale is an image's own.
        kept.value = image === undefined || scales === 0 ? [] : [scales - 1];
      }),
    [detector.id],
  );
  useEffect(() => {
    if (!described.value) return undefined;
    const wished = urlOf("samples", {
      parts: { detector: detector.id },
      query: {
        model: model.value,
        count,
        temperature: temperature.value,
        seeds: seeds.value.join(","),
        ...(image !== undefined && kept.value.length > 0 && { image, kept: kept.value.join(",") }),
      },
    });
    const timer = setTimeout(() => (url.value = wished), rest);
    return () => clearTimeout(timer);
  }, [described.value, model.value, temperature.value, seeds.value, kept.value]);
  const drawn = useDrawn(url.value, true);
  if (!described.value) return <p class="faint">Loading</p>;
  const { models } = described.value;
  const all = seeds.value.map((_, scale) => scale);
  const redraw = (scales: readonly number[]): void => {
    seeds.value = seeds.value.map((seed, scale) => (scales.includes(scale) ? seed + 1 : seed));
  };
  const fresh = all.filter((scale) => image === undefined || !kept.value.includes(scale));
  const [run, number] = image?.split(":") ?? [];
  return (
    <>
      <div class="row">
        {models.normal !== undefined && models.general !== undefined && models.general !== null && (
          <Select
            label="Model"
            value={model.value}
            choices={choicesOf(["normal", "general"])}
            onChoose={(chosen) => (model.value = chosen)}
          />
        )}
        <Slider
          label="Temperature"
          value={temperature.value}
          least={0}
          most={1.5}
          step={0.05}
          show={(value) => value.toFixed(2)}
          onInput={(value) => (temperature.value = value)}
        />
      </div>
      <p class="faint small">
        At 1 the model draws as it has learned, below 1 what it finds more typical; at 0 the same image again and again.
      </p>
      {image !== undefined && run !== undefined && number !== undefined && (
        <fieldset>
          <legend>
            Scales kept of <a href={`#/scores/${run}/images/${number}`}>the image</a>
          </legend>
          <img
            class="kept-image"
            src={urlOf("imagePicture", { parts: { run, image: number }, query: { side: 128, prepared: "1" } })}
            alt="The one whose scales are kept"
          />
          {all.map((scale) => (
            <label class="check" key={scale}>
              <input
                type="checkbox"
                checked={kept.value.includes(scale)}
                onChange={() =>
                  (kept.value = kept.value.includes(scale)
                    ? kept.value.filter((one) => one !== scale)
                    : [...kept.value, scale].sort())
                }
              />
              {nameOf(scale, all.length)}
            </label>
          ))}
        </fieldset>
      )}
      <div class="seeds">
        <Button kind="main" onClick={() => redraw(fresh)}>
          Draw anew
        </Button>
        {fresh.map((scale) => (
          <Button key={scale} onClick={() => redraw([scale])}>
            Redraw {nameOf(scale, all.length)} alone
          </Button>
        ))}
      </div>
      {drawn.url !== undefined && (
        <img
          class="drawn-images"
          src={drawn.url}
          alt={`${count} images drawn by the ${model.value} model at temperature ${temperature.value.toFixed(2)}`}
        />
      )}
      <p class="faint small" aria-live="polite">
        {drawn.busy ? "Drawing" : (drawn.problem ?? `Seeds by scale: ${seeds.value.join(", ")}`)}
      </p>
    </>
  );
}

function nameOf(scale: number, scales: number): string {
  if (scales === 1) return "scale 0";
  return scale === 0 ? "scale 0 (finest)" : scale === scales - 1 ? `scale ${scale} (coarsest)` : `scale ${scale}`;
}
