#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace temper::text2sql {

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). The distributions of
/// the standard library differ between platforms; a data set must be the same bytes everywhere, so these are our own.
class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  /// An integer in [0, count), count in [1, 2^32). The bias, below count / 2^32, doesn't matter here.
  size_t below(size_t count) { return static_cast<size_t>(((next() >> 32) * count) >> 32); }

  /// An integer in [low, high].
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(below(static_cast<size_t>(high - low + 1)));
  }

  bool chance(int percent) { return below(100) < static_cast<size_t>(percent); }

  template <class T>
  const T& pick(const std::vector<T>& values) {
    return values[below(values.size())];
  }

  template <class T>
  void shuffle(std::vector<T>& values) {
    for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  uint64_t state_;
};

}  // namespace temper::text2sql
