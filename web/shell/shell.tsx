/** What surrounds every page: navigation, the place for errors, the sheet of keys. */
import { effect, signal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../components/button.tsx";
import { attempt, dismiss, problems } from "./errors.ts";
import { knownKeys, withKeys } from "./keys.ts";
import { connected } from "./live.ts";
import { address, goTo, match, pages } from "./router.ts";
import type { PageProps } from "./routes.ts";

const shown = signal<{ readonly at: string; readonly Page: ComponentType<PageProps> } | undefined>(undefined);
const helping = signal(false);

/** What all pages together are called. */
export const siteName = signal("Outglow studio");

effect(() => {
  const found = match.value;
  const at = address.value;
  document.title = `${found?.route.title ?? "Nothing here"} - ${siteName.value}`;
  if (!found) {
    shown.value = undefined;
    return;
  }
  attempt(async () => {
    const Page = await found.route.load();
    if (at === address.peek()) shown.value = { at, Page };
  });
});

/** The whole window. */
export function Shell(): JSX.Element {
  useEffect(
    () =>
      withKeys([
        { keys: ["?"], text: "show these keys", run: () => (helping.value = true) },
        { keys: ["g"], text: "go to the first page", run: () => goTo("/") },
      ]),
    [],
  );
  return (
    <>
      <header class="top">
        <button type="button" class="skip" onClick={() => document.getElementById("content")?.focus()}>
          Skip to the content
        </button>
        <a class="brand" href="#/">
          <img src="./icon.svg" alt="" width="26" height="26" /> {siteName.value}
        </a>
        <nav aria-label="Pages">
          <ul>
            {pages.value.map(({ path, entry }) =>
              entry === undefined ? null : (
                <li key={path}>
                  <a href={`#${path}`} aria-current={match.value?.route.path === path ? "page" : undefined}>
                    {entry}
                  </a>
                </li>
              ),
            )}
          </ul>
        </nav>
        <Button kind="quiet" label="Keys" onClick={() => (helping.value = true)}>
          ?
        </Button>
      </header>
      <Problems />
      <main id="content" tabindex={-1}>
        <Current />
      </main>
      {helping.value && <KeySheet />}
    </>
  );
}

function Current(): JSX.Element {
  const found = match.value;
  if (!found) {
    return (
      <>
        <h1>Nothing here</h1>
        <p>
          This address leads nowhere. <a href="#/">Go to the first page.</a>
        </p>
      </>
    );
  }
  if (shown.value?.at !== address.value) return <p class="faint">Loading</p>;
  const { Page } = shown.value;
  return <Page key={address.value} parts={found.parts} query={found.query} />;
}

function Problems(): JSX.Element {
  return (
    <div class="problems" role="alert">
      {!connected.value && (
        <p class="problem">
          The studio does not answer. Start outglow studio again in the same folder; this page goes on by itself.
        </p>
      )}
      {problems.value.map(({ id, text }) => (
        <p class="problem" key={id}>
          <span>{text}</span>
          <Button kind="quiet" label="Put this message away" onClick={() => dismiss(id)}>
            ×
          </Button>
        </p>
      ))}
    </div>
  );
}

function KeySheet(): JSX.Element {
  const sheet = useRef<HTMLDialogElement>(null);
  useEffect(() => sheet.current?.showModal(), []);
  return (
    <dialog ref={sheet} aria-labelledby="keys" onClose={() => (helping.value = false)}>
      <h2 id="keys">Keys</h2>
      <dl class="keys">
        {knownKeys().map(({ keys, text }) => (
          <div key={text}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <Button submit>Close</Button>
      </form>
    </dialog>
  );
}
