#pragma once

#include <array>

#include "bench/bench_case.h"

namespace temper::bench {

/// What a device can do at most, as far as measuring tells: the fastest of a few large products and copies, and of
/// everything measured since, so that no case is above 100 %.
class Limits {
 public:
  /// Bytes of a call that are taken to come from: a near cache, a far cache, memory.
  static constexpr std::array<double, 2> kCacheBytes = {256e3, 4e6};

  Limits() = default;
  Limits(double flops_per_s, std::array<double, 3> bytes_per_s) : flops_(flops_per_s), bytes_(bytes_per_s) {}

  /// Seconds that a call takes at least.
  double seconds(const Case& c) const;
  /// Of a case that took so long: part of the limit, in (0, 1].
  double share(const Case& c, double seconds) const { return this->seconds(c) / seconds; }
  /// Raises whichever limit the case would break.
  void admit(const Case& c, double seconds);

  double flops_per_s() const { return flops_; }
  const std::array<double, 3>& bytes_per_s() const { return bytes_; }

 private:
  static size_t level(double bytes);

  double flops_ = 0;
  std::array<double, 3> bytes_ = {};
};

/// Measures products and copies in the type. Takes about a second on a CPU; `quick` less.
Limits measure_limits(Context& ctx, DType dtype, bool quick);

}  // namespace temper::bench
