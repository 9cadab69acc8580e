const light = `
  --paper: #fff; --wash: #f5f7f8; --ink: #1c2329; --muted: #56616b; --line: #dde2e6;
  --proved: #0b6e58; --on-proved: #fff; --backed-up: #8fc1de; --on-backed-up: #10354c;
  --failed: #b3391a; --on-failed: #fff; --missed: #b45309; --chart: #1f6fa3; --drill: #0b6e58;
  --safe: #0b6e58; --look: #9a5b00; --danger: #b3391a;`;

const dark = `
  --paper: #14191d; --wash: #1b2126; --ink: #e8ebed; --muted: #a0abb5; --line: #313a42;
  --proved: #4cc9a6; --on-proved: #06281f; --backed-up: #3f739a; --on-backed-up: #e6f2fa;
  --failed: #f4845c; --on-failed: #2a0d03; --missed: #eba54a; --chart: #6bb5e5; --drill: #4cc9a6;
  --safe: #4cc9a6; --look: #eba54a; --danger: #f4845c;`;

/** Of the parts, below an element of the class \`respaldo\`. */
const parts = `
.respaldo { color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
.respaldo *, .respaldo *::before { box-sizing: border-box; }
.respaldo h1 { font-size: 1.45rem; line-height: 1.3; font-weight: 600; margin: 0; text-wrap: pretty; letter-spacing: -.01em; }
.respaldo h2 { font-size: 1.15rem; line-height: 1.3; font-weight: 600; margin: 0 0 .5rem; }
.respaldo h3 { font-size: .82rem; font-weight: 600; color: var(--muted); margin: 1.75rem 0 .5rem; }
.respaldo p { margin: 0 0 .5rem; }
.respaldo small, .respaldo .muted { color: var(--muted); }
.respaldo small { font-size: .85em; }
.respaldo code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
.respaldo a { color: inherit; text-underline-offset: .2em; text-decoration-color: var(--line); }
.respaldo ul { list-style: none; margin: 0; padding: 0; }

.respaldo .verdict { display: grid; grid-template-columns: 40px 1fr; gap: 1rem; padding: 1.25rem 1.25rem 1.25rem 1.1rem; background: var(--wash); border-left: 4px solid var(--level); border-radius: 6px; }
.respaldo .verdict h1 { padding-top: .2rem; }
.respaldo .verdict ul { margin-top: .75rem; display: grid; gap: .5rem; }
.respaldo .verdict li { padding-left: .75rem; border-left: 2px solid var(--level); overflow-wrap: anywhere; }
.respaldo .verdict li span { color: var(--muted); }
.respaldo .safe { --level: var(--safe); } .respaldo .look { --level: var(--look); } .respaldo .danger { --level: var(--danger); }
.respaldo .level-shape { fill: var(--level); } .respaldo .level-sign { fill: none; stroke: var(--paper); stroke-width: 4; stroke-linecap: round; stroke-linejoin: round; }

.respaldo .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem; }
.respaldo .cards > li { padding: 1rem 1.1rem; border: 1px solid var(--line); border-top: 3px solid var(--level); border-radius: 6px; }
.respaldo .cards > li { container-type: inline-size; }
@container (min-width: 40rem) { .respaldo dl { grid-template-columns: repeat(4, 1fr); } }
.respaldo .cards h2 { margin-bottom: .6rem; }
.respaldo dl { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem 1rem; margin: 0; }
.respaldo dt { font-size: .82rem; color: var(--muted); }
.respaldo dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
.respaldo dd small { font-weight: 400; white-space: nowrap; }

.respaldo .two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 2rem; }
.respaldo .months { display: grid; grid-template-columns: repeat(auto-fill, minmax(92px, 1fr)); gap: 1rem 1.1rem; }
@media (min-width: 900px) { .respaldo .months { grid-template-columns: repeat(6, 1fr); } }
.respaldo .month p { font-size: .82rem; margin: 0 0 .25rem; color: var(--muted); }
.respaldo .month svg { display: block; width: 100%; height: auto; }
.respaldo .day { stroke-width: 1.6; }
.respaldo .day.proved { fill: var(--proved); stroke: var(--proved); } .respaldo .day.backed-up { fill: var(--backed-up); stroke: var(--backed-up); }
.respaldo .day.failed { fill: var(--failed); stroke: var(--failed); } .respaldo .day.missed { fill: none; stroke: var(--missed); }
.respaldo .day.going { fill: none; stroke-dasharray: 2.4 2; } .respaldo .day.going.backed-up { stroke: var(--chart); }
.respaldo .day.going ~ .on-proved { stroke: var(--proved); } .respaldo .day.going ~ .on-failed { stroke: var(--failed); }
.respaldo .dot { fill: var(--line); }
.respaldo .stroke { fill: none; stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round; }
.respaldo .stroke.on-proved { stroke: var(--on-proved); } .respaldo .stroke.on-failed { stroke: var(--on-failed); } .respaldo .stroke.on-missed { stroke: var(--missed); }
.respaldo .letter { font: 600 10.500px system-ui, "Liberation Sans", sans-serif; text-anchor: middle; }
.respaldo .letter.on-proved { fill: var(--on-proved); } .respaldo .letter.on-backed-up { fill: var(--on-backed-up); } .respaldo .letter.on-failed { fill: none; }
.respaldo .legend { display: flex; flex-wrap: wrap; gap: .3rem 1.25rem; margin-top: .9rem !important; font-size: .82rem; color: var(--muted); }
.respaldo .legend b { color: var(--ink); font-weight: 600; letter-spacing: .1em; }
.respaldo .mark { vertical-align: -3px; flex: none; }

.respaldo .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1.5rem 2rem; margin-top: 1.75rem; }
.respaldo .chart { margin: 0; min-width: 0; padding-right: .4rem; overflow: hidden; }
.respaldo .chart figcaption { font-size: .82rem; font-weight: 600; color: var(--muted); margin-bottom: .75rem; }
.respaldo .chart figcaption span { font-weight: 400; }
.respaldo .plot { position: relative; height: 130px; margin-left: 3.4rem; }
.respaldo .plot svg { display: block; width: 100%; height: 100%; overflow: visible; }
.respaldo .plot path { vector-effect: non-scaling-stroke; }
.respaldo .grid { stroke: var(--line); stroke-width: 1; }
.respaldo .line { fill: none; stroke: var(--chart); stroke-width: 1.6; stroke-linejoin: round; } .respaldo .area { fill: var(--chart); opacity: .12; }
.respaldo .point { stroke: var(--chart); stroke-width: 4; stroke-linecap: round; } .respaldo .point.drill { stroke: var(--drill); stroke-width: 9; stroke-linecap: square; }
.respaldo .key-line { display: inline-block; width: 1.2em; border-top: 2px solid var(--chart); vertical-align: middle; } .respaldo .key-drill { color: var(--drill); }
.respaldo .y-axis span { position: absolute; left: -3.4rem; width: 3rem; text-align: right; transform: translateY(-50%); white-space: nowrap; }
.respaldo .x-axis { position: relative; height: 1.4rem; margin-left: 3.4rem; }
.respaldo .x-axis span { position: absolute; top: .3rem; transform: translateX(-50%); }
.respaldo .y-axis span, .respaldo .x-axis span { font-size: .75rem; color: var(--muted); font-variant-numeric: tabular-nums; }

.respaldo .actions { display: inline-flex; flex-wrap: wrap; gap: .4rem; }
.respaldo .stack { display: grid; gap: 2rem; padding: .25rem; } .respaldo .stack > * { min-width: 0; }
.respaldo .lines { display: grid; gap: .4rem; padding: .5rem 0 !important; }
.respaldo form { margin: 1rem 0; }
.respaldo table { width: 100%; border-collapse: collapse; font-size: .92rem; }
.respaldo th { text-align: left; font-size: .82rem; font-weight: 400; color: var(--muted); }
.respaldo th, .respaldo td { padding: .4rem 1.25rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-variant-numeric: tabular-nums; background: none; }
.respaldo th:last-child, .respaldo td:last-child { padding-right: 0; }
.respaldo .number { text-align: right; white-space: nowrap; }
.respaldo td:first-child, .respaldo .outcome { white-space: nowrap; }
.respaldo td > small { display: block; line-height: 1.35; }
.respaldo table + p { margin-top: .6rem; }
@media (max-width: 640px) {
  .respaldo h1 { font-size: 1.2rem; }
  .respaldo .verdict { grid-template-columns: 1fr; padding: 1rem; }
  .respaldo table, .respaldo tbody, .respaldo td { display: block; }
  .respaldo thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
  .respaldo tr { display: grid; grid-template-columns: 1fr 1fr; gap: .1rem 1rem; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .respaldo td, .respaldo td:first-child, .respaldo td.number { padding: 0; border: 0; text-align: left; white-space: normal; min-width: 0; }
  .respaldo td:first-child { font-weight: 600; }
  .respaldo td:last-child { grid-column: 1 / -1; }
  .respaldo td.number::before { content: attr(data-head) '\\00a0\\00a0'; color: var(--muted); }
}`;

/** Of the page: follows the reader’s preference, and is light on paper. */
export const pageStyle = `
:root {${light} }
@media (prefers-color-scheme: dark) { :root {${dark} } }
@media print { :root {${light} print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 3rem; max-width: 1120px; }
body > header { margin-bottom: 1.25rem; }
main { display: grid; gap: 2.25rem; }
main > * { min-width: 0; }
.target { padding-top: 1.75rem; border-top: 1px solid var(--line); }
body > footer { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .85rem; }
${parts}
@media print {
  body { padding: 0; max-width: none; font-size: 10.5pt; }
  .verdict, .cards > li, .month, .chart, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}`;

/** Of the widget: the console says which theme its viewer has. */
export const widgetStyle = `.respaldo {${light} background: transparent; }\n.respaldo.dark {${dark} }\n${parts}`;
