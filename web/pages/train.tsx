/** Train: every setting of a training as a form, with the command line that does the same. */
import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { showDuration, writeSettings } from "../../src/base/index.ts";
import { type ApiTypes, type TrainField, trainCommandLine } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import { Command } from "../components/command.tsx";
import { Field } from "../components/field.tsx";
import { ask } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";
import { goTo } from "../shell/router.ts";
import type { PageProps } from "../shell/routes.ts";
import { labelOf, requestOf, type Typed } from "./train-values.ts";

type Form = ApiTypes["trainForm"]["answer"];
type Check = ApiTypes["checkTraining"]["answer"];

/** What was typed last, so that a reload loses nothing. */
const kept = "outglow-train-form";

/** How long a person has to pause before what they typed is checked, ms. */
const pause = 250;

export function TrainPage({ query }: PageProps): JSX.Element {
  const form = useSignal<Form | undefined>(undefined);
  const typed = useSignal<Typed>(readTyped(query));
  const check = useSignal<Check | undefined>(undefined);
  const busy = useSignal(false);
  useEffect(() => attempt(async () => (form.value = await ask("trainForm"))), [form]);
  const fields = form.value?.fields;
  const request = useMemo(() => (fields ? requestOf(typed.value, fields) : undefined), [fields, typed.value]);
  useEffect(() => {
    if (!request) return;
    sessionStorage.setItem(kept, JSON.stringify(typed.value));
    const gone = new AbortController();
    const timer = setTimeout(
      () =>
        attempt(async () => {
          check.value = await ask("checkTraining", { body: { request }, signal: gone.signal });
        }),
      pause,
    );
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [request, check, typed]);
  if (!fields || !request) return <p class="faint">Loading</p>;

  const { objection } = check.value ?? {};
  const start = (event: Event): void => {
    event.preventDefault();
    attempt(async () => {
      busy.value = true;
      try {
        const run = await ask("train", { body: { request } });
        goTo(`/runs/${run.id}`);
      } finally {
        busy.value = false;
      }
    });
  };
  const groups = [
    { title: undefined, fields: fields.filter((field) => field.first) },
    { title: "More settings", fields: fields.filter((field) => !field.first) },
  ] as const;
  return (
    <>
      <h1>Train a detector</h1>
      <p>
        It needs images of what is normal. Everything else has a sensible value already. Paths begin at the studio's
        folder or at the root.
      </p>
      <form onSubmit={start} noValidate>
        <div class="form">
          {groups[0].fields.map((field) => (
            <SettingField key={field.name} field={field} typed={typed} check={check.value} />
          ))}
        </div>
        <details class="more">
          <summary>{groups[1].title}</summary>
          <div class="form">
            {groups[1].fields.map((field) => (
              <SettingField key={field.name} field={field} typed={typed} check={check.value} />
            ))}
          </div>
        </details>
        <section aria-labelledby="command" class="panel">
          <h2 id="command">The same on the command line</h2>
          <Copied text={trainCommandLine(request, form.value?.durations ?? [])} />
          <p aria-live="polite" class={objection && typed.value[objection.setting ?? ""] ? "bad" : undefined}>
            {objection ? inWords(objection.text) : timeWords(check.value)}
          </p>
          <div class="row">
            <Button kind="main" submit disabled={busy.value || !check.value || objection !== null}>
              Start training
            </Button>
            <Button onClick={() => (typed.value = {})}>Clear the form</Button>
          </div>
        </section>
      </form>
    </>
  );
}

/** A text with its settings as the form calls them. */
function inWords(text: string): string {
  return writeSettings(text, (name, value) => `“${labelOf(name)}”${value === undefined ? "" : ` ${value}`}`);
}

function timeWords(check: Check | undefined): string {
  if (!check || check.seconds === null) return "";
  return check.guessed
    ? `About ${showDuration(check.seconds)} of training on this machine, going by the size of the model.`
    : `At most ${showDuration(check.seconds)} of training; reading images and measuring held-out ones come on top.`;
}

/** What a link or the last visit has filled in: `#/train?normal=...`. */
function readTyped(query: URLSearchParams): Typed {
  const given = Object.fromEntries(query);
  if (Object.keys(given).length > 0) return { out: "detector", ...given };
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(kept) ?? "");
    return typeof value === "object" && value !== null ? (value as Typed) : { out: "detector" };
  } catch {
    return { out: "detector" };
  }
}

interface SettingProps {
  readonly field: TrainField;
  readonly typed: Signal<Typed>;
  readonly check: Check | undefined;
}

function SettingField({ field, typed, check }: SettingProps): JSX.Element {
  const { name, kind, note, choices, usual } = field;
  const id = `setting-${name}`;
  const value = typed.value[name];
  const put = (next: string | boolean): void => {
    typed.value = { ...typed.value, [name]: next };
  };
  const objection = check?.objection;
  // That a form was not filled in yet is nothing to shout about.
  const problem = objection && objection.setting === name && value ? inWords(objection.text) : undefined;
  const text = inWords(note);
  if (kind === "switch") {
    return (
      <div class="field">
        <label class="switch" for={id}>
          <input
            id={id}
            type="checkbox"
            checked={value === true || value === "true"}
            aria-describedby={`${id}-note`}
            onChange={(event) => put(event.currentTarget.checked)}
          />
          {labelOf(name)}
        </label>
        {problem && <p class="bad small">{problem}</p>}
        <p id={`${id}-note`} class="faint small">
          {text}
        </p>
      </div>
    );
  }
  const placeholder = usual === null ? "" : String(usual);
  return (
    <Field id={id} label={labelOf(name)} note={text} problem={problem}>
      {(control) =>
        choices ? (
          <select {...control} value={String(value ?? "")} onChange={(event) => put(event.currentTarget.value)}>
            <option value="">{usual === null ? "as usual" : `${usual} (usual)`}</option>
            {choices
              .filter((choice) => choice !== usual)
              .map((choice) => (
                <option key={choice} value={choice}>
                  {choice}
                </option>
              ))}
          </select>
        ) : (
          <input
            {...control}
            type="text"
            inputMode={kind === "number" || kind === "whole" ? "decimal" : "text"}
            spellcheck={false}
            autocomplete="off"
            placeholder={placeholder}
            value={String(value ?? "")}
            onInput={(event) => put(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

function Copied({ text }: { readonly text: string }): JSX.Element {
  const copied = useSignal(false);
  const copy = (): void =>
    attempt(async () => {
      await navigator.clipboard.writeText(text);
      copied.value = true;
    });
  return (
    <div class="copied">
      <Command text={text} />
      <Button onClick={copy}>{copied.value ? "Copied" : "Copy"}</Button>
    </div>
  );
}
