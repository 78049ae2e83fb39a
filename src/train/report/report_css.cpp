#include "train/report/page_assets.h"

namespace temper::train {

std::string_view report_css() {
  return R"css(
:root {
  color-scheme: light dark;
  --page: #fafaf8; --card: #ffffff; --ink: #1c2126; --quiet: #5a646e; --rule: #e3e5e2; --grid: #eceeec;
  --train: #2563a6; --valid: #b3500f; --bad: #b3261e; --good: #1c6e3d; --code: #f3f4f1; --pad: #c9cdd0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #121518; --card: #1a1e22; --ink: #e7eaec; --quiet: #9ba6b0; --rule: #2c3238; --grid: #272c32;
    --train: #7ab3ef; --valid: #f0a35e; --bad: #ff8a80; --good: #7fd19b; --code: #14181b; --pad: #4a525a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 clamp(14px, 3vw, 32px); }
header { padding-top: clamp(24px, 5vw, 56px); }
footer { padding-top: 24px; padding-bottom: 48px; color: var(--quiet); font-size: 14px; }
h1 { margin: 0; font-size: clamp(25px, 4.4vw, 38px); line-height: 1.18; letter-spacing: -0.018em; font-weight: 680;
  overflow-wrap: anywhere; text-wrap: balance; }
h2 { margin: 0 0 14px; font-size: 21px; line-height: 1.3; letter-spacing: -0.01em; font-weight: 650; }
h3 { margin: 0; font-size: 16px; font-weight: 620; }
h3 small, h2 small { font-weight: 400; font-size: 14px; color: var(--quiet); letter-spacing: 0; }
p { margin: 0 0 10px; }
.lead { margin: 12px 0 0; font-size: 18px; max-width: 62ch; overflow-wrap: anywhere; }
.origin { margin: 10px 0 0; color: var(--quiet); font-size: 14px; overflow-wrap: anywhere; }
.origin span + span::before { content: "\00b7"; margin: 0 0.5em; }
.quiet { color: var(--quiet); font-size: 14px; }
section { margin-top: clamp(34px, 5vw, 52px); }
.notes { margin: 20px 0 0; padding: 10px 16px; list-style: none; border-left: 3px solid var(--valid);
  background: var(--card); border-radius: 0 8px 8px 0; overflow-wrap: anywhere; }
.notes li + li { margin-top: 4px; }

.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 212px), 1fr)); gap: 1px; margin: 26px 0 0;
  background: var(--card); border: 1px solid var(--rule); border-radius: 12px; overflow: hidden; }
.numbers div { box-shadow: 0 0 0 1px var(--rule); padding: 14px 18px 13px; min-width: 0; }
.numbers dt { color: var(--quiet); font-size: 14px; overflow-wrap: anywhere; }
.numbers dd { margin: 0; overflow-wrap: anywhere; }
.numbers .value { font-size: 27px; line-height: 1.25; font-weight: 640; letter-spacing: -0.015em; }
.numbers .note { color: var(--quiet); font-size: 14px; line-height: 1.4; }

.card, .chart { margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 12px;
  padding: 16px 18px; min-width: 0; }
.card + .card, .chart + .grid, .grid + .card, .grid + .grid, .card + .grid { margin-top: 16px; }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 292px), 1fr)); }
.grid > .chart { display: flex; flex-direction: column; } .grid > .chart .frame { margin-top: auto; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 20px; margin-bottom: 10px; }
.legend { display: flex; flex-wrap: wrap; gap: 0 18px; margin: 0; padding: 0; list-style: none; font-size: 14px; }
.legend li { display: flex; align-items: center; gap: 7px; }
.legend li::before { content: ""; width: 16px; height: 3px; border-radius: 2px; background: currentColor; flex: none; }
.legend li.faint::before { width: 7px; height: 7px; border-radius: 50%; opacity: 0.45; }
.legend li.thin::before { height: 1px; opacity: 0.6; }
.legend li.strong { font-weight: 560; }
.read-out { flex-basis: 100%; margin: 0; min-height: 21px; font-size: 14px; color: var(--quiet); }
.read-out b { display: inline-block; font-weight: 600; margin-right: 0.8em; }
.frame { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content; }
.ys { position: relative; min-width: 30px; font-size: 13px; }
.ys span, .ends span { position: absolute; right: 8px; transform: translateY(-50%); font-size: 13px; line-height: 1;
  color: var(--quiet); white-space: nowrap; }
.ends { position: relative; min-width: 10px; grid-column: 3; grid-row: 1; }
.ends span { position: static; display: block; height: 0; line-height: 0; transform: none; padding-left: 9px;
  font-weight: 620; color: inherit; position: relative; right: 0; }
.ends span.train { color: var(--train); } .ends span.valid { color: var(--valid); }
.plot { position: relative; height: var(--h); touch-action: pan-y; border-radius: 3px; }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.xs { position: relative; grid-column: 2; grid-row: 2; height: 44px; font-size: 13px; color: var(--quiet); }
.xs span { position: absolute; top: 6px; transform: translateX(-50%); white-space: nowrap; line-height: 1.2; }
.xs b { position: absolute; top: 24px; left: 0; right: 0; text-align: center; font-weight: 400; line-height: 1.3; }
svg path { fill: none; vector-effect: non-scaling-stroke; stroke: currentColor; stroke-linecap: round;
  stroke-linejoin: round; }
svg .grid { stroke: var(--grid); stroke-width: 1; }
svg .line { stroke-width: 2.25; }
svg .line.faint { stroke-width: 1; opacity: 0.35; }
svg .dots { stroke-width: 7; }
svg .dots.faint { stroke-width: 4.5; opacity: 0.38; }
svg .bad { stroke: var(--bad); stroke-width: 2; }
svg .bars { fill: currentColor; }
.train { color: var(--train); } .valid { color: var(--valid); }
.legend li { color: var(--train); } .legend li.valid { color: var(--valid); }
.cross { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--quiet); opacity: 0.55; pointer-events: none; }
.mark { position: absolute; width: 10px; height: 10px; margin: -5px 0 0 -5px; border-radius: 50%; background: currentColor;
  border: 2px solid var(--card); pointer-events: none; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
th, td { padding: 7px 10px; text-align: right; border-top: 1px solid var(--rule); white-space: nowrap; }
tr > :first-child { text-align: left; padding-left: 0; } tr > :last-child { padding-right: 0; }
thead th { border-top: 0; padding-top: 0; font-weight: 620; overflow-wrap: anywhere; }
tbody th { font-weight: 400; color: var(--quiet); white-space: normal; }
.share { margin-top: 14px; }
.share > span { font-size: 14px; }
.stack { display: flex; height: 14px; margin: 5px 0 6px; border-radius: 4px; overflow: hidden; gap: 2px; }
.stack i { background: var(--train); min-width: 1px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.stack i.context, .key i.context { opacity: 0.42; } .stack i.padding, .key i.padding { background: var(--pad); }
.key { display: flex; flex-wrap: wrap; gap: 0 18px; font-size: 14px; color: var(--quiet); margin: 0; }
.key i { display: inline-block; width: 10px; height: 10px; margin-right: 6px; border-radius: 2px; background: var(--train);
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }

.sample h3 { margin-bottom: 10px; }
.sample h4 { margin: 0 0 4px; font-size: 14px; font-weight: 620; display: flex; flex-wrap: wrap; gap: 0 10px;
  justify-content: space-between; }
.sample h4 em { font-style: normal; font-weight: 500; color: var(--quiet); } .sample h4 em.good { color: var(--good); }
.replies { display: grid; gap: 12px 16px; margin-top: 12px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr)); }
.replies > div { min-width: 0; }
pre { margin: 0; padding: 10px 12px; background: var(--code); border: 1px solid var(--rule); border-radius: 8px;
  font: 13.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; max-height: 19em; overflow: auto; unicode-bidi: plaintext; tab-size: 4; }
.after pre { border-left: 3px solid var(--train); }
.settings { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 0 32px; margin: 0; }
.settings div { display: flex; justify-content: space-between; gap: 16px; padding: 6px 0; border-top: 1px solid var(--rule);
  font-size: 15px; }
.settings dt { color: var(--quiet); } .settings dd { margin: 0; text-align: right; overflow-wrap: anywhere; min-width: 0; }
.command { position: relative; margin: 4px 0 14px; } .command:last-child { margin-bottom: 0; }
.command pre { max-height: none; }
.command button { position: absolute; top: 6px; right: 6px; padding: 3px 10px; font: inherit; font-size: 13px;
  color: var(--ink); background: var(--card); border: 1px solid var(--rule); border-radius: 6px; cursor: pointer; }
.command button ~ pre, .command pre:has(~ button) { padding-right: 72px; }
:focus-visible { outline: 2px solid var(--train); outline-offset: 2px; }

@media (max-width: 560px) {
  body { font-size: 15.5px; }
  .numbers { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .numbers div { padding: 11px 13px; } .numbers .value { font-size: 22px; }
  .numbers div:last-child:nth-child(odd) { grid-column: 1 / -1; }
  .numbers .note, .numbers dt { font-size: 13px; }
  .card, .chart { padding: 13px 13px; border-radius: 10px; }
  .lead { font-size: 16.5px; }
  .legend ~ .read-out { min-height: 42px; }
  .legend { gap: 0 14px; }
  th, td { padding: 7px 6px; }
}
@media print {
  :root { --page: #fff; --card: #fff; --ink: #000; --quiet: #444; --rule: #ccc; --grid: #e4e4e4; --train: #2563a6;
    --valid: #b3500f; --bad: #b3261e; --good: #1c6e3d; --code: #fff; --pad: #c9cdd0; color-scheme: light; }
  body { font-size: 10pt; }
  .grid, .replies { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  section { margin-top: 22px; }
  pre { max-height: none; overflow: visible; }
  .chart, .sample, .numbers div, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .read-out, .cross, .mark, .command button { display: none; }
}
)css";
}

}  // namespace temper::train
