#!/usr/bin/env bash
# Loads an HTML report in headless Chromium at phone width (390 px). Fails on a console message of the page, an uncaught
# exception, a missing or single-point curve, a request for another resource, or content wider than the viewport.
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
cat > "$work/frame.html" << 'HTML'
<!DOCTYPE html><meta charset="utf-8"><iframe id="phone" style="border:0;width:390px;height:844px"></iframe><pre id="found"></pre>
<script>
const phone = document.getElementById("phone"), problems = [];
phone.addEventListener("load", () => {
  const page = phone.contentDocument, root = page.documentElement;
  if (root.scrollWidth > 390) problems.push(`the page is ${root.scrollWidth} px wide in a viewport of 390 px`);
  for (const id of ["curve-loss-0", "curve-loss-1", "curve-lr-0", "curve-grad-norm-0", "curve-speed-0"]) {
    const path = page.getElementById(id);
    const points = path ? (path.getAttribute("d").match(/[ML]/g) || []).length : 0;
    if (points < 2) problems.push(`curve ${id} has ${points} points`);
    else if (path.getBoundingClientRect().width < 100) problems.push(`curve ${id} is not drawn`);
  }
  const resources = phone.contentWindow.performance.getEntriesByType("resource");
  if (resources.length > 0) problems.push(`the page requests ${resources[0].name}`);
  for (const plot of page.querySelectorAll("figure.chart:has(script) .plot")) {
    const box = plot.getBoundingClientRect();
    plot.dispatchEvent(new phone.contentWindow.PointerEvent("pointermove", { clientX: box.left + box.width / 2 }));
    const readOut = plot.closest("figure").querySelector(".read-out");
    if (!readOut || !/^step \d/.test(readOut.textContent)) problems.push("a chart gives no read-out");
  }
  document.getElementById("found").textContent = "checked: " + (problems.join("; ") || "no problem");
});
phone.src = "report.html";
</script>
HTML

status=0
timeout 120 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --window-size=800,1000 \
  --allow-file-access-from-files --enable-logging=stderr --v=0 --virtual-time-budget=10000 --dump-dom \
  "file://$work/frame.html" > "$work/dom" 2> "$work/log" || status=$?
if [ "$status" -ne 0 ]; then
  tail -n 20 "$work/log" >&2
  echo "FAIL report_browser_check: $browser ended with status $status" >&2
  exit 1
fi

failed=0
if grep 'CONSOLE' "$work/log" >&2; then
  echo "FAIL report_browser_check: the page wrote the console messages above" >&2
  failed=1
fi
found=$(grep -o 'id="found">checked: [^<]*' "$work/dom" | sed 's/.*checked: //' || true)
if [ "$found" != "no problem" ]; then
  echo "FAIL report_browser_check: ${found:-the check itself did not run}" >&2
  failed=1
fi
[ "$failed" -eq 0 ] && echo "ok: $1 loads without errors, its curves are drawn, and it fits 390 px"
exit "$failed"
