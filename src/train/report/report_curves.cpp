#include <algorithm>
#include <cmath>

#include "train/report/chart.h"
#include "train/report/report_sections.h"

namespace temper::train {
namespace {

using Look = ChartSeries::Look;

std::vector<ChartPoint> step_curve(const ReportData& data, double StepMetrics::*member) {
  std::vector<ChartPoint> points;
  for (const StepMetrics& m : data.steps) points.push_back({static_cast<double>(m.step), m.*member});
  return points;
}

/// Each step's values, and their mean over a twentieth of the run: enough to see the trend, little enough to see turns.
std::vector<ChartSeries> raw_and_smooth(const ReportData& data, double StepMetrics::*member) {
  ChartSeries raw{.name = "each step", .colour = "train", .look = Look::faint, .points = step_curve(data, member)};
  std::vector<ChartPoint> finite;
  std::vector<double> weights;
  for (size_t i = 0; i < raw.points.size(); ++i) {
    if (!std::isfinite(raw.points[i].y)) continue;
    finite.push_back(raw.points[i]);
    weights.push_back(static_cast<double>(std::max<int64_t>(1, data.steps[i].target_tokens)));
  }
  const size_t half_window = std::max<size_t>(2, finite.size() / 40);
  ChartSeries smooth{
      .name = "training", .colour = "train", .end_label = true, .points = smooth_points(finite, weights, half_window)};
  return {std::move(raw), std::move(smooth)};
}

Chart loss_chart(const ReportData& data) {
  Chart chart{.id = "curve-loss",
              .title = "Loss",
              .unit = "nats per token",
              .may_be_log = true,
              .legend = true,
              .height_px = 300};
  chart.series = raw_and_smooth(data, &StepMetrics::loss);
  if (data.evals.empty()) return chart;
  ChartSeries valid{.name = "validation", .colour = "valid", .look = Look::dotted, .end_label = true};
  for (const EvalMetrics& e : data.evals) valid.points.push_back({static_cast<double>(e.step), e.loss});
  chart.series.push_back(std::move(valid));
  return chart;
}

Chart lr_chart(const ReportData& data) {
  Chart chart{.id = "curve-lr", .title = "Learning rate", .from_zero = true, .height_px = 170};
  chart.series = {{.name = "learning rate", .colour = "train", .points = step_curve(data, &StepMetrics::lr)}};
  return chart;
}

Chart gradient_chart(const ReportData& data) {
  Chart chart{.id = "curve-grad-norm",
              .title = "Gradient norm",
              .unit = "unclipped",
              .from_zero = true,
              .may_be_log = true,
              .height_px = 170};
  chart.series = raw_and_smooth(data, &StepMetrics::grad_norm);
  chart.series[1].name = "smoothed";
  return chart;
}

Chart speed_chart(const ReportData& data) {
  Chart chart{.id = "curve-speed", .title = "Speed", .unit = "tokens/s", .from_zero = true, .height_px = 170};
  chart.series = raw_and_smooth(data, &StepMetrics::tokens_per_s);
  chart.series[1].name = "smoothed";
  return chart;
}

}  // namespace

std::string curves_section(const ReportData& data) {
  if (data.steps.empty() && data.evals.empty()) return "";
  std::string html = "<section>\n<h2>Curves</h2>\n" + chart_html(loss_chart(data));
  if (!data.steps.empty())
    html += "<div class=\"grid\">" + chart_html(lr_chart(data)) + chart_html(gradient_chart(data)) +
            chart_html(speed_chart(data)) + "</div>\n";
  return html + "</section>\n";
}

}  // namespace temper::train
