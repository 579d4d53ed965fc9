/** API: what `outglow serve` can be asked, from its own description. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { Button } from "../components/button.tsx";
import "../looking/looking.css";
import { ask } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";

type Description = ApiTypes["serviceDescription"]["answer"];
type Route = Description["groups"][number]["routes"][number];
type Field = Route["settings"][number];

const example = `outglow serve detectors/
curl -F image=@part.png 'http://127.0.0.1:8431/api/detectors/ID:predict?falseAlarm=0.01'`;

export function ApiPage(): JSX.Element {
  const description = useSignal<Description | undefined>(undefined);
  const word = useSignal("");
  useEffect(() => attempt(async () => (description.value = await ask("serviceDescription"))), []);
  if (!description.value) return <p class="faint">Loading</p>;
  const { groups, document: openApi } = description.value;
  const wanted = word.value.trim().toLowerCase();
  const fits = ({ path, summary }: Route): boolean => `${path} ${summary}`.toLowerCase().includes(wanted);
  const shown = groups.map((group) => ({ ...group, routes: group.routes.filter(fits) }));
  return (
    <>
      <h1>API</h1>
      <p class="lead">
        Programs ask a detector over HTTP: <code>outglow serve FOLDER</code> answers, and has this page, too.
      </p>
      <section class="panel" aria-labelledby="begin">
        <h2 id="begin">A file is enough</h2>
        <pre class="command" tabindex={0}>
          {example}
        </pre>
        <p>
          Errors are JSON: <code>error</code> in one line, <code>fault</code> with what was expected and what came.
          Where the service has tokens, send <code>Authorization: Bearer TOKEN</code>.
        </p>
        <div class="row">
          <Button onClick={() => save(openApi)}>Save openapi.json</Button>
        </div>
      </section>
      <label class="field">
        <span>Find a route</span>
        <input type="search" value={word.value} onInput={(event) => (word.value = event.currentTarget.value)} />
      </label>
      {shown.map(({ id, title, routes }) =>
        routes.length === 0 ? null : (
          <section key={id} aria-labelledby={`group-${id}`}>
            <h2 id={`group-${id}`}>{title}</h2>
            {routes.map((route) => (
              <details key={route.id} class="operation">
                <summary>
                  <span class={route.method === "GET" ? "method" : "method changes"}>{route.method}</span>{" "}
                  <code>{route.path}</code> <span class="faint">{route.summary}</span>
                </summary>
                <About route={route} />
              </details>
            ))}
          </section>
        ),
      )}
      {shown.every(({ routes }) => routes.length === 0) && <p role="status">No route has this word.</p>}
    </>
  );
}

function About({ route: { scope, settings, body, answer } }: { readonly route: Route }): JSX.Element {
  return (
    <>
      <p class="small">{scope === null ? "No token is needed." : `Scope of the token: ${scope}`}</p>
      {settings.length > 0 && (
        <>
          <h3>Settings</h3>
          <Fields fields={settings} />
        </>
      )}
      {body.length > 0 && <Contents title="Body" contents={body} />}
      <Contents title="Answer" contents={answer} />
    </>
  );
}

function Contents({ title, contents }: { readonly title: string; readonly contents: Route["body"] }): JSX.Element {
  return (
    <>
      <h3>{title}</h3>
      {contents.map(({ type, fields }) => (
        <div key={type}>
          <p>
            <code>{type}</code>
          </p>
          <Fields fields={fields} />
        </div>
      ))}
    </>
  );
}

function Fields({ fields }: { readonly fields: readonly Field[] }): JSX.Element | null {
  if (fields.length === 0) return null;
  return (
    <dl class="fields">
      {fields.map(({ name, about, text, fields: inner }) => (
        <div key={name}>
          <dt>
            <code>{name}</code> <span class="faint small">{about}</span>
          </dt>
          <dd>
            {text !== undefined && <p>{text}</p>}
            <Fields fields={inner} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function save(content: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "openapi.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
