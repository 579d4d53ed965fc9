/** The style of a page about decisions: light and dark by the reader's wish, one column from phone to desktop. */

/** Colours of eight sets, each dark enough on white, and lighter ones for dark. Dashes differ, too. */
const lightColours = ["#1f5fa8", "#b23c00", "#00705a", "#8b3a8b", "#6b5b00", "#404040", "#a3215c", "#3d5a1e"];
const darkColours = ["#7db5f5", "#ff9a66", "#4fd1ae", "#e29be2", "#e0c84a", "#d0d0d0", "#ff8fbf", "#b4dd7f"];
const dashes = ["none", "7 3", "2 2", "10 3 2 3", "14 4", "5 2 2 2 2 2", "1 3", "12 3 4 3"];

const variables = (colours: readonly string[]): string =>
  colours.map((colour, index) => `--set-${index}: ${colour};`).join(" ");

export const decisionStyle = `
:root { color-scheme: light dark; --page: #fff; --ink: #151515; --faint: #4a4a4a; --rule: #d0d0d0; --panel: #f3f4f6; --mark: #b00020; --area: rgba(176,0,32,.1); --band: rgba(31,95,168,.16); --link: #0645ad; ${variables(lightColours)} }
@media (prefers-color-scheme: dark) { :root { --page: #14161a; --ink: #ececec; --faint: #b8bcc4; --rule: #3c4048; --panel: #1f2329; --mark: #ff8a94; --area: rgba(255,138,148,.16); --band: rgba(125,181,245,.2); --link: #8ab4f8; ${variables(darkColours)} } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 3rem; max-width: 64rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--rule); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { max-width: 44rem; margin: .5rem 0; }
a { color: var(--link); }
.summary { font-size: 1.3rem; line-height: 1.4; font-weight: 600; }
.faint, figcaption { color: var(--faint); font-size: .9rem; }
figure { margin: 1rem 0; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--faint); font-size: 13px; }
.axis, .tick { stroke: var(--faint); fill: none; }
.set { fill: none; stroke-width: 1.8; }
.set-swatch { width: 2.4rem; height: .8rem; flex: none; }
${lightColours.map((_, index) => `.set-${index} { stroke: var(--set-${index}); stroke-dasharray: ${dashes[index]}; }`).join("\n")}
.dot { stroke: var(--page); stroke-dasharray: none; stroke-width: 2; }
${lightColours.map((_, index) => `.dot.set-${index} { fill: var(--set-${index}); }`).join("\n")}
#histogram { touch-action: pan-y; cursor: ew-resize; user-select: none; -webkit-user-select: none; }
#marked-area { fill: var(--area); }
#threshold { outline: none; }
#threshold path { stroke: var(--mark); stroke-width: 2.5; fill: none; }
#threshold circle { fill: var(--mark); }
#threshold .arrows { stroke: var(--page); stroke-width: 2; }
#threshold .grip { fill: transparent; }
#threshold:focus-visible circle { stroke: var(--ink); stroke-width: 3; }
#threshold:focus-visible .grip { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 3 3; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; margin: .5rem 0; font-size: .9rem; }
.legend li { display: flex; align-items: center; gap: .4rem; min-width: 0; overflow-wrap: anywhere; }
.table { overflow-x: auto; }
.table:focus-visible { outline: 2px solid var(--ink); }
table { border-collapse: collapse; font-size: .92rem; margin: .6rem 0; }
caption { text-align: left; color: var(--faint); font-size: .9rem; padding-bottom: .3rem; }
th, td { padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; overflow-wrap: anywhere; min-width: 4rem; }
.counts td { overflow-wrap: normal; min-width: 0; }
.counts th[scope=row] { min-width: 6rem; }
thead th { border-bottom: 2px solid var(--faint); overflow-wrap: normal; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); gap: 1rem; }
.curves figure { max-width: 26rem; }
.scales { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr)); gap: 1rem; }
.bar { fill: var(--set-0); }
.bar.off { fill: var(--mark); }
.band { fill: var(--band); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: .8rem; padding: 0; margin: .6rem 0; list-style: none; }
.gallery li { border: 2px solid var(--rule); border-radius: 6px; padding: .35rem; background: var(--panel); font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; }
.gallery li.marked { border-color: var(--mark); }
.picture { position: relative; display: block; }
.picture img { display: block; width: 100%; height: auto; image-rendering: auto; border-radius: 3px; }
.picture .map { position: absolute; inset: 0; height: 100%; display: none; }
.with-maps .picture .map { display: block; }
.flag { color: var(--mark); font-weight: 700; }
label { display: inline-flex; align-items: center; gap: .4rem; padding: .3rem 0; }
pre { background: var(--panel); border: 1px solid var(--rule); padding: .7rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .88rem; }
footer { margin-top: 2.5rem; color: var(--faint); font-size: .9rem; }
@media (max-width: 40rem) { svg text { font-size: 22px; } .curves svg text, .scales svg text { font-size: 14px; } .axis-name { display: none; } #threshold circle { r: 16px; } body { padding: .8rem .8rem 2rem; } }
@media print { body { max-width: none; } .gallery li, figure, tr { break-inside: avoid; } #threshold circle, #threshold .arrows { display: none; } }
`;
