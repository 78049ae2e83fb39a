#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace temper::train {

struct ChartPoint {
  double x = 0, y = 0;
};

/// One axis: a range that ends on ticks, and the ticks at round numbers.
struct ChartScale {
  double low = 0, high = 1;
  bool logarithmic = false;
  std::vector<double> ticks = {};

  /// 0 at `low`, 1 at `high`.
  double position(double value) const;
};

/// Ticks at 1, 2 or 5 times a power of ten; about `wanted` of them. `low` <= `high`, finite; a range without width is
/// widened.
ChartScale linear_scale(double low, double high, int wanted);

/// A logarithmic scale for 0 < low <= high: ticks at powers of ten, with 2 and 5 between when those are few.
ChartScale log_scale(double low, double high);

/// Whether a logarithmic axis shows these values better: all positive, the largest 30 times the smallest or more, and
/// most of them in the lowest tenth of the range, where a linear axis would press them flat.
bool log_scale_pays(std::span<const ChartPoint> points);

/// A tick's text: no more decimals than the distance between ticks asks for; 20k, 1.5M; 5e-5.
std::string tick_text(double value, const ChartScale& scale);

/// At most about 4 * `buckets` of the points (sorted by x): of each run of neighbours the first, lowest, highest and
/// last, so that no extreme disappears.
std::vector<ChartPoint> thin_points(std::span<const ChartPoint> points, size_t buckets);

/// Weighted mean over a window centred on each point. The window shrinks symmetrically at the start, where a curve is
/// steep, and to one side at the end. `weights` has one entry a point. Evaluated at `most_points` points at most, the
/// first and the last among them: O(most_points * half_window).
std::vector<ChartPoint> smooth_points(std::span<const ChartPoint> points, std::span<const double> weights,
                                      size_t half_window, size_t most_points = 1000);

}  // namespace temper::train
