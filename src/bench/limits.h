#pragma once

#include <array>

#include "bench/bench_case.h"

namespace temper::bench {

/// What a device can do at most, as far as measuring tells: the fastest of a few large products, copies and (on a CPU)
/// plain reads, and of everything measured since, so that no case is above 100 %.
class Limits {
 public:
  /// Where a call's bytes come from, by how many they are at most: a core's caches, the
  /// next ones, the last before memory, memory.
  static constexpr std::array<double, 3> kCacheBytes = {256e3, 4e6, 24e6};
  static constexpr std::array<const char*, 4> kLevels = {"near cache", "far cache", "last cache", "memory"};

  Limits() = default;
  Limits(double flops_per_s, std::array<double, 4> bytes_per_s) : flops_(flops_per_s), bytes_(bytes_per_s) {}

  /// Seconds that a call takes at least.
  double seconds(const Case& c) const;
  /// Of a case that took so long: part of the limit, in (0, 1].
  double share(const Case& c, double seconds) const { return this->seconds(c) / seconds; }
  /// Raises whichever limit the case would break.
  void admit(const Case& c, double seconds);

  double flops_per_s() const { return flops_; }
  const std::array<double, 4>& bytes_per_s() const { return bytes_; }

 private:
  static size_t level(double bytes);

  double flops_ = 0;
  std::array<double, 4> bytes_ = {};
};

/// Measures products in the type, copies and, on a CPU of so many threads (0: one a core), reads. Takes about two
/// seconds on a CPU; `quick` less.
Limits measure_limits(Context& ctx, DType dtype, int threads, bool quick);

}  // namespace temper::bench
