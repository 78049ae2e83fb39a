#pragma once

#include <vector>

namespace temper::bench {

/// Seconds of a call, over several samples.
struct Timing {
  double median = 0, low = 0, high = 0;  ///< 50th, 10th and 90th percentile
  int samples = 0;
};

/// Percentiles by linear interpolation between samples. Zeros of none.
Timing summarise(std::vector<double> seconds);

}  // namespace temper::bench
