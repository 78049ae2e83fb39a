#include "bench/timing.h"

#include <algorithm>
#include <cmath>

namespace temper::bench {
namespace {

double percentile(const std::vector<double>& sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(at)), above = static_cast<size_t>(std::ceil(at));
  return sorted[below] + (at - std::floor(at)) * (sorted[above] - sorted[below]);
}

}  // namespace

Timing summarise(std::vector<double> seconds) {
  if (seconds.empty()) return {};
  std::ranges::sort(seconds);
  return {percentile(seconds, 0.5), percentile(seconds, 0.1), percentile(seconds, 0.9),
          static_cast<int>(seconds.size())};
}

}  // namespace temper::bench
