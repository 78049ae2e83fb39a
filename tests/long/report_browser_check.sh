#!/usr/bin/env bash
# Loads an HTML report in headless Chromium, light and on a phone (390 px), then dark and on a desk (1280 px). Fails on a
# console message of the page, an uncaught exception, a missing or single-point curve, a request for another resource,
# content wider than the viewport, or text that can't be told from its background.
# usage: report_browser_check.sh REPORT.html     Prints SKIP and exits 0 where there is no Chromium.
set -euo pipefail

if [ $# -ne 1 ] || [ ! -f "$1" ]; then
  echo "usage: $0 REPORT.html" >&2
  exit 2
fi

browser=""
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" > /dev/null; then browser=$name && break; fi
done
if [ -z "$browser" ]; then
  echo "SKIP report_browser_check: no Chromium or Chrome on this machine"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$1" "$work/report.html"

# Headless windows have a minimum width, so the phone is a frame. The frame page walks the pointer over each chart, then
# writes what it found into an element that the dump of the document shows.
write_frame() {
  cat > "$work/frame.html" << HTML
<!DOCTYPE html><meta charset="utf-8"><iframe id="view" style="border:0;width:$1px;height:844px"></iframe><pre id="found"></pre>
<script>const width = $1, dark = $2;</script>
HTML
  cat >> "$work/frame.html" << 'HTML'
<script>
const view = document.getElementById("view"), problems = [];
// Relative luminance and contrast as WCAG 2 defines them.
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
const background = (element) => {
  for (; element; element = element.parentElement) {
    const rgba = numbers(view.contentWindow.getComputedStyle(element).backgroundColor);
    if (rgba.length === 3 || rgba[3] > 0) return rgba.slice(0, 3);
  }
  return [255, 255, 255];
};
view.addEventListener("load", () => {
  const page = view.contentDocument, root = page.documentElement;
  if (root.scrollWidth > width) problems.push(`the page is ${root.scrollWidth} px wide in a viewport of ${width} px`);
  for (const id of ["curve-loss-0", "curve-loss-1", "curve-lr-0", "curve-grad-norm-0", "curve-speed-0"]) {
    const path = page.getElementById(id);
    const points = path ? (path.getAttribute("d").match(/[ML]/g) || []).length : 0;
    if (points < 2) problems.push(`curve ${id} has ${points} points`);
    else if (path.getBoundingClientRect().width < 100) problems.push(`curve ${id} is not drawn`);
  }
  const resources = view.contentWindow.performance.getEntriesByType("resource");
  if (resources.length > 0) problems.push(`the page requests ${resources[0].name}`);
  for (const plot of page.querySelectorAll("figure.chart:has(script) .plot")) {
    const box = plot.getBoundingClientRect();
    plot.dispatchEvent(new view.contentWindow.PointerEvent("pointermove", { clientX: box.left + box.width / 2 }));
    const readOut = plot.closest("figure").querySelector(".read-out");
    if (!readOut || !/^step \d/.test(readOut.textContent)) problems.push("a chart gives no read-out");
  }
  const paper = luminance(background(page.body));
  if (dark !== paper < 0.2) problems.push(`the page is ${paper < 0.2 ? "dark" : "light"}`);
  let faintest = 21, where = "";
  for (const element of page.querySelectorAll("h1,h2,h3,h4,small,p,dt,dd,th,td,pre,li,span,em,b,button")) {
    if (!element.textContent.trim() || !element.getClientRects().length) continue;
    const text = luminance(numbers(view.contentWindow.getComputedStyle(element).color).slice(0, 3));
    const ratio = contrast(text, luminance(background(element)));
    if (ratio < faintest) [faintest, where] = [ratio, `${element.tagName} ${element.className}`];
  }
  if (faintest < 4.5) problems.push(`text of contrast ${faintest.toFixed(1)} (${where})`);
  document.getElementById("found").textContent = "checked: " + (problems.join("; ") || "no problem");
});
view.src = "report.html";
</script>
HTML
}

# check WIDTH_PX light|dark
check() {
  local width=$1 look=$2 status=0 scheme=1 found
  [ "$look" = light ] || scheme=0
  write_frame "$width" "$([ "$look" = dark ] && echo true || echo false)"
  timeout 120 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --window-size=1400,1000 \
    --blink-settings=preferredColorScheme=$scheme --allow-file-access-from-files --enable-logging=stderr --v=0 \
    --virtual-time-budget=10000 --dump-dom "file://$work/frame.html" > "$work/dom" 2> "$work/log" || status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 20 "$work/log" >&2
    echo "FAIL report_browser_check: $browser ended with status $status" >&2
    return 1
  fi
  if grep 'CONSOLE' "$work/log" >&2; then
    echo "FAIL report_browser_check: the page wrote the console messages above" >&2
    return 1
  fi
  found=$(grep -o 'id="found">checked: [^<]*' "$work/dom" | sed 's/.*checked: //' || true)
  if [ "$found" != "no problem" ]; then
    echo "FAIL report_browser_check: $look, $width px: ${found:-the check itself did not run}" >&2
    return 1
  fi
}

failed=0
check 390 light || failed=1
check 1280 dark || failed=1
[ "$failed" -eq 0 ] && echo "ok: $1 loads without errors, its curves are drawn, it fits 390 px, light and dark are readable"
exit "$failed"
