#include "train/report/page_assets.h"

namespace temper::train {

std::string_view report_script() {
  return R"js(
(() => {
  "use strict";
  const make = (parent, tag, name) => {
    const element = document.createElement(tag);
    element.className = name;
    parent.append(element);
    return element;
  };

  // Index of the point whose x is nearest; xy holds x, y, x, y, ...
  const nearest = (xy, x) => {
    let low = 0, high = xy.length / 2 - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xy[2 * middle] < x) low = middle; else high = middle;
    }
    return x - xy[2 * low] <= xy[2 * high] - x ? low : high;
  };

  for (const figure of document.querySelectorAll("figure.chart")) {
    const source = figure.querySelector("script");
    if (!source) continue;
    const data = JSON.parse(source.textContent);
    const series = data.series.filter((s) => s.xy.length > 0);
    const plot = figure.querySelector(".plot");
    const readOut = make(figure.querySelector("figcaption"), "p", "read-out");
    const gesture = matchMedia("(hover: hover)").matches ? "Point at" : "Touch";
    const hint = figure.querySelector(".legend") ? gesture + " the curves to read their values." : "";
    readOut.textContent = hint;
    const cross = make(plot, "div", "cross");
    const marks = series.map((s) => make(plot, "div", "mark " + s.colour));
    const [x0, x1] = data.x, [y0, y1] = data.y;
    const left = (x) => (x1 > x0 ? (100 * (x - x0)) / (x1 - x0) : 50);
    const top = (y) => {
      const share = data.log ? (Math.log(y) - Math.log(y0)) / (Math.log(y1) - Math.log(y0)) : (y - y0) / (y1 - y0);
      return 100 * (1 - Math.min(1, Math.max(0, share)));
    };
    let at = -1;

    const hide = () => {
      for (const element of [cross, ...marks]) element.hidden = true;
      readOut.textContent = hint;
      at = -1;
    };
    const show = (index) => {
      const lead = series[0].xy;
      at = Math.min(lead.length / 2 - 1, Math.max(0, index));
      const x = lead[2 * at];
      cross.hidden = false;
      cross.style.left = left(x) + "%";
      readOut.textContent = data.step + " " + x.toLocaleString("en") + "\u2002";
      series.forEach((s, i) => {
        const j = nearest(s.xy, x), sx = s.xy[2 * j], sy = s.xy[2 * j + 1];
        marks[i].hidden = false;
        marks[i].style.left = left(sx) + "%";
        marks[i].style.top = top(sy) + "%";
        const text = make(readOut, "b", s.colour);
        text.textContent = (s.name ? s.name + " " : "") + Number(sy.toPrecision(4)) +
          (sx === x ? "" : " (" + data.step + " " + sx.toLocaleString("en") + ")");
      });
    };
    const follow = (event) => {
      const box = plot.getBoundingClientRect();
      show(nearest(series[0].xy, x0 + ((event.clientX - box.left) / box.width) * (x1 - x0)));
    };
    hide();
    plot.addEventListener("pointermove", follow);
    plot.addEventListener("pointerdown", follow);
    plot.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", "Values of this chart: use the arrow keys");
    readOut.setAttribute("aria-live", "polite");
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const last = series[0].xy.length / 2 - 1;
      const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
      if (event.key === "Escape") hide();
      if (target === undefined) return;
      event.preventDefault();
      show(target);
    });
  }

  for (const command of document.querySelectorAll(".command")) {
    if (!navigator.clipboard) break;
    const button = make(command, "button", "");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command.querySelector("pre").textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(command.querySelector("pre"));
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
})();
)js";
}

}  // namespace temper::train
