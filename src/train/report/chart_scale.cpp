#include "train/report/chart_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "train/report/units.h"

namespace temper::train {
namespace {

double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power * 1.0001) return factor * power;
  return 10 * power;
}

std::string without_exponent_zeros(const std::string& text) {
  return text.find('e') == std::string::npos ? text : number_text(std::stod(text), 3);
}

}  // namespace

double ChartScale::position(double value) const {
  if (logarithmic) return (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
  // Halves keep the differences of huge values finite.
  return (value / 2 - low / 2) / (high / 2 - low / 2);
}

ChartScale linear_scale(double low, double high, int wanted) {
  TEMPER_ASSERT(std::isfinite(low) && std::isfinite(high) && low <= high && wanted > 0);
  constexpr double huge = 1e300, tiny = 1e-300;
  low = std::clamp(low, -huge, huge);
  high = std::clamp(high, -huge, huge);
  // Widths that rounding would swallow count as none.
  if (high - low <= 1e-9 * std::max(std::abs(low), std::abs(high)) || high - low < tiny) {
    const double pad = std::max(std::abs(low), std::abs(high)) < tiny ? 1 : 0.1 * std::abs(low);
    low = low >= 0 ? std::max(0.0, low - pad) : low - pad;
    high += pad;
  }
  const double step = round_step((high - low) / wanted);
  const double first = std::floor(low / step + 1e-6), last = std::ceil(high / step - 1e-6);
  ChartScale scale{.low = first * step, .high = last * step};
  for (int i = 0; first + i <= last; ++i) scale.ticks.push_back((first + i) * step);
  return scale;
}

ChartScale log_scale(double low, double high) {
  TEMPER_ASSERT(low > 0 && low <= high && std::isfinite(high));
  constexpr double huge = 1e280, tiny = 1e-280;  // room for ticks beyond both ends
  low = std::clamp(low, tiny, huge);
  high = std::clamp(high, tiny, huge);
  const double decades = std::log10(high) - std::log10(low);
  std::vector<double> factors = {1};
  if (decades < 1.2) factors = {1, 2, 3, 5};
  if (decades >= 1.2 && decades < 3) factors = {1, 3};
  const double every = std::max(1.0, std::ceil(decades / 6));
  std::vector<double> ticks;
  const double lowest = std::floor(std::log10(low)) - every, highest = std::ceil(std::log10(high)) + every;
  for (int i = 0; lowest + i * every <= highest; ++i)
    for (const double f : factors) ticks.push_back(f * std::pow(10, lowest + i * every));
  const auto first = std::prev(std::upper_bound(ticks.begin(), ticks.end(), low * (1 + 1e-9)));
  auto last = std::lower_bound(ticks.begin(), ticks.end(), high * (1 - 1e-9));
  if (last == first) ++last;
  return {.low = *first, .high = *last, .logarithmic = true, .ticks = std::vector<double>(first, last + 1)};
}

bool log_scale_pays(std::span<const ChartPoint> points) {
  if (points.size() < 3) return false;
  const auto [low, high] =
      std::minmax_element(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.y < b.y; });
  if (low->y <= 0 || high->y / low->y < 30) return false;
  const double tenth = low->y + (high->y - low->y) / 10;
  const auto flat = std::count_if(points.begin(), points.end(), [&](const ChartPoint& p) { return p.y <= tenth; });
  return static_cast<size_t>(flat) * 2 > points.size();
}

std::string tick_text(double value, const ChartScale& scale) {
  const double largest = std::max(std::abs(scale.low), std::abs(scale.high));
  if (value == 0 || std::abs(value) < 1e-9 * largest) {
    if (!scale.logarithmic) return "0";
  }
  if (largest < 1e-2 || largest >= 1e13) return without_exponent_zeros(fmt::format("{:.3g}", value));
  if (largest >= 1e4 && std::abs(value) >= 1e3) {
    std::string text = short_count_text(value);
    std::erase(text, ' ');
    return text;
  }
  if (scale.logarithmic && value >= 1000) return count_text(std::llround(value));
  if (scale.logarithmic || scale.ticks.size() < 2) return number_text(value, 3);
  const double step = scale.ticks[1] - scale.ticks[0];
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  return decimals == 0 ? count_text(std::llround(value)) : fmt::format("{:.{}f}", value, decimals);
}

std::vector<ChartPoint> thin_points(std::span<const ChartPoint> points, size_t buckets) {
  if (points.size() <= 4 * buckets) return {points.begin(), points.end()};
  std::vector<ChartPoint> kept;
  for (size_t b = 0; b < buckets; ++b) {
    const size_t begin = b * points.size() / buckets, end = (b + 1) * points.size() / buckets;
    size_t low = begin, high = begin;
    for (size_t i = begin; i < end; ++i) {
      if (points[i].y < points[low].y) low = i;
      if (points[i].y > points[high].y) high = i;
    }
    size_t chosen[] = {begin, std::min(low, high), std::max(low, high), end - 1};
    const auto* last = std::unique(std::begin(chosen), std::end(chosen));
    for (const size_t* i = chosen; i != last; ++i) kept.push_back(points[*i]);
  }
  return kept;
}

std::vector<ChartPoint> smooth_points(std::span<const ChartPoint> points, std::span<const double> weights,
                                      size_t half_window, size_t most_points) {
  TEMPER_ASSERT(points.size() == weights.size() && most_points >= 2);
  const size_t n = points.size(), count = std::min(n, most_points);
  std::vector<ChartPoint> smooth;
  for (size_t k = 0; k < count; ++k) {
    const size_t i = count < 2 ? 0 : k * (n - 1) / (count - 1);
    const size_t half = std::min(half_window, i);
    // Each window is summed anew: differences of running sums would lose small values after one huge outlier.
    double sum = 0, weight = 0;
    for (size_t j = i - half; j < std::min(n, i + half + 1); ++j) {
      sum += weights[j] * points[j].y;
      weight += weights[j];
    }
    smooth.push_back({points[i].x, weight > 0 ? sum / weight : points[i].y});
  }
  return smooth;
}

}  // namespace temper::train
