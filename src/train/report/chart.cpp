#include "train/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>

#include "train/report/html_text.h"
#include "train/report/units.h"

namespace temper::train {
namespace {

// 1,600 points a curve: more than a screen has columns, and few enough for a small file.
constexpr size_t kChartBuckets = 400;
constexpr size_t kMostDots = 400;
constexpr double kLabelHeightPx = 17;

/// The plot is 1000 x 1000 units, stretched by the browser; strokes don't stretch with it.
struct PlotArea {
  double x_low, x_high;
  ChartScale y;

  double column(double x) const {
    const double width = x_high - x_low;
    return width > 0 ? std::clamp(1000 * (x - x_low) / width, 0.0, 1000.0) : 500;
  }
  double row(double value) const { return std::clamp(1000 * (1 - y.position(value)), 0.0, 1000.0); }
};

std::vector<ChartPoint> finite_points(const ChartSeries& series) {
  std::vector<ChartPoint> finite;
  std::copy_if(series.points.begin(), series.points.end(), std::back_inserter(finite),
               [](const ChartPoint& p) { return std::isfinite(p.y); });
  return finite;
}

std::string coordinate(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string line_path(const std::vector<ChartPoint>& points, const PlotArea& area) {
  std::string path;
  for (const ChartPoint& p : points)
    path += fmt::format("{}{} {}", path.empty() ? 'M' : 'L', coordinate(area.column(p.x)), coordinate(area.row(p.y)));
  // A single point shows as the dot of its round line cap.
  return points.size() == 1 ? path + "h0" : path;
}

std::string dots_path(const std::vector<ChartPoint>& points, const PlotArea& area) {
  std::string path;
  for (const ChartPoint& p : points)
    path += fmt::format("M{} {}h0", coordinate(area.column(p.x)), coordinate(area.row(p.y)));
  return path;
}

std::string series_paths(const std::string& id, const ChartSeries& series, const std::vector<ChartPoint>& points,
                         const PlotArea& area) {
  const bool faint = series.look == ChartSeries::Look::faint;
  if (faint && points.size() <= kMostDots)
    return fmt::format("<path id=\"{}\" class=\"dots faint {}\" d=\"{}\"/>", id, series.colour,
                       dots_path(points, area));
  std::string html = fmt::format("<path id=\"{}\" class=\"line {}{}\" d=\"{}\"/>", id, faint ? "faint " : "",
                                 series.colour, line_path(points, area));
  const bool few = series.look == ChartSeries::Look::dotted && points.size() <= kMostDots;
  if (few || points.size() == 1)
    html += fmt::format("<path class=\"dots {}\" d=\"{}\"/>", series.colour, dots_path(points, area));
  return html;
}

/// Red marks on the x axis where a value is not finite, at most one a column.
std::string non_finite_marks(const Chart& chart, const PlotArea& area) {
  std::set<int> columns;
  for (const ChartSeries& s : chart.series)
    for (const ChartPoint& p : s.points)
      if (!std::isfinite(p.y)) columns.insert(static_cast<int>(area.column(p.x)));
  if (columns.empty()) return "";
  std::string path;
  for (const int c : columns) path += fmt::format("M{} 1000v-60", c);
  return fmt::format("<path class=\"bad\" d=\"{}\"/>", path);
}

PlotArea area_of(const Chart& chart, const std::vector<std::vector<ChartPoint>>& curves) {
  double x_low = std::numeric_limits<double>::infinity(), x_high = -x_low, low = x_low, high = -x_low;
  for (const ChartSeries& s : chart.series) {
    for (const ChartPoint& p : s.points) {
      x_low = std::min(x_low, p.x);
      x_high = std::max(x_high, p.x);
    }
  }
  for (const auto& curve : curves) {
    for (const ChartPoint& p : curve) {
      low = std::min(low, p.y);
      high = std::max(high, p.y);
    }
  }
  if (low > high) low = high = 0;
  if (x_low > 0 && x_low <= x_high / 10) x_low = 0;
  if (chart.may_be_log && low > 0 && log_scale_pays(curves.front())) return {x_low, x_high, log_scale(low, high)};
  if (chart.from_zero) low = std::min(low, 0.0);
  return {x_low, x_high, linear_scale(low, high, chart.height_px >= 200 ? 5 : 3)};
}

std::vector<double> x_ticks(double low, double high) {
  if (!(high > low)) return {low};
  std::vector<double> ticks;
  for (const double t : linear_scale(low, high, 5).ticks)
    if (t >= low && t <= high && t == std::round(t)) ticks.push_back(t);
  return ticks;
}

std::string axis_labels(const PlotArea& area, const std::string& x_name) {
  std::string rows;
  size_t longest = 0;
  for (const double t : area.y.ticks) {
    const std::string text = tick_text(t, area.y);
    longest = std::max(longest, text.size());
    rows += fmt::format("<span style=\"top:{}%\">{}</span>", coordinate(area.row(t) / 10), text);
  }
  std::string html = fmt::format("<div class=\"ys\" style=\"width:{}ch\" aria-hidden=\"true\">{}", longest + 1, rows);
  html += "</div><div class=\"xs\" aria-hidden=\"true\">";
  const ChartScale x{.low = area.x_low, .high = area.x_high, .ticks = x_ticks(area.x_low, area.x_high)};
  for (const double t : x.ticks)
    html += fmt::format("<span style=\"left:{}%\">{}</span>", coordinate(area.column(t) / 10), tick_text(t, x));
  return html + fmt::format("<b>{}</b></div>", x_name);
}

std::string grid_path(const PlotArea& area) {
  std::string path;
  for (const double t : area.y.ticks) path += fmt::format("M0 {}H1000", coordinate(area.row(t)));
  return fmt::format("<path class=\"grid\" d=\"{}\"/>", path);
}

/// Three significant digits; thousands in full.
std::string value_text(double value) {
  const bool in_full = std::abs(value) >= 1000 && std::abs(value) < 1e6;
  return in_full ? count_text(std::llround(value)) : number_text(value, 3);
}

/// Last values beside the ends of their curves, moved apart where they would touch.
std::string end_labels(const Chart& chart, const std::vector<std::vector<ChartPoint>>& curves, const PlotArea& area) {
  struct EndLabel {
    double top_px;
    std::string text, colour;
  };
  std::vector<EndLabel> labels;
  for (size_t i = 0; i < curves.size(); ++i) {
    if (!chart.series[i].end_label || curves[i].empty()) continue;
    const double value = curves[i].back().y;
    labels.push_back({area.row(value) / 1000 * chart.height_px, value_text(value), chart.series[i].colour});
  }
  std::sort(labels.begin(), labels.end(), [](const auto& a, const auto& b) { return a.top_px < b.top_px; });
  for (size_t i = 1; i < labels.size(); ++i)
    labels[i].top_px = std::max(labels[i].top_px, labels[i - 1].top_px + kLabelHeightPx);
  double floor_px = chart.height_px;  // below it are the x axis's labels
  for (auto label = labels.rbegin(); label != labels.rend(); ++label, floor_px -= kLabelHeightPx)
    label->top_px = std::min(label->top_px, floor_px);
  std::string html = "<div class=\"ends\" aria-hidden=\"true\">";
  for (const EndLabel& l : labels)
    html += fmt::format("<span class=\"{}\" style=\"top:{}px\">{}</span>", l.colour, coordinate(l.top_px), l.text);
  return html + "</div>";
}

std::string legend(const Chart& chart) {
  if (!chart.legend || chart.series.size() < 2) return "";
  std::string html = "<ul class=\"legend\">";
  for (const ChartSeries& s : chart.series) {
    const char* look = s.look != ChartSeries::Look::faint ? "strong" : s.points.size() > kMostDots ? "thin" : "faint";
    html += fmt::format("<li class=\"{} {}\">{}</li>", look, s.colour, escape_html(s.name));
  }
  return html + "</ul>";
}

/// The curves in words, for those who can't see them.
std::string description(const Chart& chart, const std::vector<std::vector<ChartPoint>>& curves) {
  std::string text;
  for (size_t i = 0; i < curves.size(); ++i) {
    const auto& curve = curves[i];
    if (curve.empty()) continue;
    const auto [low, high] =
        std::minmax_element(curve.begin(), curve.end(), [](const auto& a, const auto& b) { return a.y < b.y; });
    text += fmt::format("{}: {} at {} {}, {} at {} {}; between {} and {}. ", chart.series[i].name,
                        number_text(curve.front().y), chart.x_name, number_text(curve.front().x, 12),
                        number_text(curve.back().y), chart.x_name, number_text(curve.back().x, 12), number_text(low->y),
                        number_text(high->y));
  }
  return text;
}

/// The points again as numbers, for read-outs. Holds only numbers and our own names: safe inside a script element.
std::string read_out_data(const Chart& chart, const std::vector<std::vector<ChartPoint>>& curves,
                          const PlotArea& area) {
  std::string json = fmt::format(R"({{"x":[{},{}],"y":[{},{}],"log":{},"step":"{}","series":[)", area.x_low,
                                 area.x_high, area.y.low, area.y.high, area.y.logarithmic ? 1 : 0, chart.x_name);
  for (size_t i = 0; i < curves.size(); ++i) {
    // A single measurement goes without a name: it follows the step right away.
    const bool named = chart.series.size() > 1 && chart.series[i].look != ChartSeries::Look::faint;
    json += fmt::format(R"({}{{"name":"{}","colour":"{}","xy":[)", i == 0 ? "" : ",", named ? chart.series[i].name : "",
                        chart.series[i].colour);
    for (size_t j = 0; j < curves[i].size(); ++j)
      json +=
          fmt::format("{}{},{}", j == 0 ? "" : ",", number_text(curves[i][j].x, 12), number_text(curves[i][j].y, 5));
    json += "]}";
  }
  return json + "]}";
}

/// The smallest of 1, 2, 5, 10, 20, ... that covers `range` values with 24 bins.
int64_t bin_width(int64_t range) {
  constexpr int64_t most_bins = 24;
  for (int64_t power = 1;; power *= 10)
    for (const int64_t factor : {1, 2, 5})
      if (factor * power >= range / most_bins + (range % most_bins != 0)) return factor * power;
}

}  // namespace

std::string chart_html(const Chart& chart) {
  std::vector<std::vector<ChartPoint>> curves;
  size_t most = 0;
  for (const ChartSeries& s : chart.series) {
    curves.push_back(thin_points(finite_points(s), kChartBuckets));
    most = std::max(most, curves.back().size());
  }
  std::string html = fmt::format("<figure class=\"chart\" id=\"{}\">\n<figcaption><h3>{} <small>{}", chart.id,
                                 chart.title, chart.unit);
  if (most == 0) return html + "</small></h3></figcaption><p class=\"quiet\">No finite values.</p></figure>\n";

  const PlotArea area = area_of(chart, curves);
  html += fmt::format("{}</small></h3>{}</figcaption>\n",
                      !area.y.logarithmic  ? ""
                      : chart.unit.empty() ? "log scale"
                                           : ", log scale",
                      legend(chart));
  html += fmt::format("<div class=\"frame\" style=\"--h:{}px\">{}\n<div class=\"plot\">", chart.height_px,
                      axis_labels(area, chart.x_name));
  html +=
      fmt::format("<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}. {}\">{}\n",
                  chart.title, description(chart, curves), grid_path(area));
  for (size_t i = 0; i < curves.size(); ++i)
    html += series_paths(fmt::format("{}-{}", chart.id, i), chart.series[i], curves[i], area) + "\n";
  html += fmt::format("{}</svg></div>{}</div>\n", non_finite_marks(chart, area), end_labels(chart, curves, area));
  html += fmt::format("<script type=\"application/json\">{}</script></figure>\n", read_out_data(chart, curves, area));
  return html;
}

std::string histogram_html(const Histogram& histogram) {
  const int64_t width = bin_width(histogram.high - histogram.low + 1);
  const int64_t first = histogram.low / width, last = std::max(first, histogram.high / width);
  std::vector<int64_t> counts(static_cast<size_t>(last - first + 1));
  for (const int64_t v : histogram.values) ++counts[static_cast<size_t>(std::clamp(v / width, first, last) - first)];

  const auto most = static_cast<double>(*std::max_element(counts.begin(), counts.end()));
  const PlotArea area{static_cast<double>(first * width), static_cast<double>((last + 1) * width),
                      linear_scale(0, std::max(1.0, most), 3)};
  std::string bars;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const int64_t from = (first + static_cast<int64_t>(i)) * width;
    const double left = area.column(static_cast<double>(from)), right = area.column(static_cast<double>(from + width));
    const double top = area.row(static_cast<double>(counts[i]));
    bars += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}: {} rows</title></rect>", coordinate(left),
        coordinate(top), coordinate((right - left) * 0.92), coordinate(1000 - top),
        width == 1 ? count_text(from) : fmt::format("{} to {}", count_text(from), count_text(from + width - 1)),
        count_text(counts[i]));
  }
  return fmt::format(
      "<figure class=\"chart\" id=\"{0}\">\n<figcaption><h3>{1} <small>{2}</small></h3></figcaption>\n"
      "<div class=\"frame\" style=\"--h:{3}px\">{4}\n<div class=\"plot\"><svg viewBox=\"0 0 1000 1000\" "
      "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{1}, {2}\">{5}\n"
      "<g class=\"bars train\">{6}</g></svg></div></div></figure>\n",
      histogram.id, escape_html(histogram.title), escape_html(histogram.unit), histogram.height_px,
      axis_labels(area, histogram.x_name), grid_path(area), bars);
}

}  // namespace temper::train
