/** The style of the service's page: light and dark by the reader's wish, from phone to desktop, every text with a contrast of 7 or more. */

export const pageStyle = `
:root { color-scheme: light dark; --page: #fff; --ink: #151515; --faint: #4a4a4a; --rule: #d0d0d0; --panel: #f3f4f6; --link: #0645ad; --read: #00503f; --write: #8a2c00; }
@media (prefers-color-scheme: dark) { :root { --page: #14161a; --ink: #ececec; --faint: #b8bcc4; --rule: #3c4048; --panel: #1f2329; --link: #8ab4f8; --read: #6fdcbd; --write: #ffb08a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 3rem; max-width: 60rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .6rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; border-bottom: 1px solid var(--rule); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; font-weight: 600; overflow-wrap: anywhere; }
nav h3 { margin-top: .9rem; }
h4 { font-size: .95rem; margin: .9rem 0 .2rem; color: var(--faint); }
p { max-width: 44rem; margin: .4rem 0; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, pre:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .92em; }
pre { margin: .6rem 0; padding: .6rem .8rem; overflow-x: auto; background: var(--panel); border-radius: .3rem; }
nav ul { list-style: none; margin: .4rem 0 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: 0 1rem; }
nav a { display: block; padding: .2rem 0; overflow-wrap: anywhere; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
article { margin: 1rem 0; padding: .8rem 1rem; border: 1px solid var(--rule); border-radius: .4rem; }
article:target { border-color: var(--link); box-shadow: 0 0 0 1px var(--link); }
.method { display: inline-block; min-width: 3.2rem; font-weight: 700; color: var(--read); }
.method.changes { color: var(--write); }
.scope, .type { color: var(--faint); }
dl { margin: .3rem 0; }
dt { margin-top: .3rem; }
dd { margin: 0 0 0 1.2rem; }
dd > dl { border-left: 2px solid var(--rule); padding-left: .7rem; }
summary { cursor: pointer; padding: .2rem 0; color: var(--faint); font-weight: 600; font-size: .95rem; }
`;
