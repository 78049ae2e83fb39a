#pragma once

#include <string>
#include <vector>

#include "train/report/chart_scale.h"

namespace temper::train {

/// One curve. Non-finite y values are not drawn; their places are marked on the x axis.
struct ChartSeries {
  enum class Look {
    faint,   ///< single measurements: dots, or a thin line when there are many
    strong,  ///< a line
    dotted   ///< a line with a dot at each of its few points
  };
  std::string name = {};    ///< for the legend and read-outs: "each step"
  std::string colour = {};  ///< a colour class of the page's style sheet: train, valid
  Look look = Look::strong;
  bool end_label = false;               ///< write the last value beside the curve's end
  std::vector<ChartPoint> points = {};  ///< sorted by x
};

struct Chart {
  std::string id = {};  ///< of the figure; each curve's path gets "<id>-<series number>"
  std::string title = {};
  std::string unit = {};  ///< after the title: "nats per token"
  std::string x_name = "step";
  std::vector<ChartSeries> series = {};  ///< drawn in this order; read-outs follow the points of the first
  bool from_zero = false;                ///< the y axis begins at zero
  bool may_be_log = false;               ///< use a logarithmic y axis where it shows the first series better
  bool legend = false;
  int height_px = 200;
};

/// An HTML figure: curves in an SVG that stretches with the page, labels as text that doesn't, the data for read-outs.
std::string chart_html(const Chart& chart);

/// Counts of whole numbers in bins of equal, round width.
struct Histogram {
  std::string id = {}, title = {}, unit = {}, x_name = {};
  std::vector<int64_t> values = {};
  int64_t low = 0, high = 0;  ///< range shown, so that several histograms share an axis
  int height_px = 120;
};

std::string histogram_html(const Histogram& histogram);

}  // namespace temper::train
