#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Tensors that golden scripts and tests both build from a name, so that no file holds them: formula_values() of
// tools/golden/golden_common.py.
namespace temper::golden {

inline uint32_t fnv1a32(std::string_view text) {
  uint32_t value = 0x811c9dc5u;
  for (const char c : text) value = (value ^ static_cast<uint8_t>(c)) * 0x01000193u;
  return value;
}

/// Element `index` of the tensor called by a hash, uniform-looking in [-bound, bound).
inline float formula_value(uint32_t hash, uint32_t index, double bound) {
  uint32_t x = index + hash;
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return static_cast<float>((x / 4294967296.0 - 0.5) * (2.0 * bound));
}

inline void formula_values(std::string_view name, double bound, std::span<float> out) {
  const uint32_t hash = fnv1a32(name);
  for (size_t i = 0; i < out.size(); ++i) out[i] = formula_value(hash, static_cast<uint32_t>(i), bound);
}

/// An estimate of |ours - reference| from the reference's dot products with random tensors of unit variance,
/// "<name>#0",
/// "<name>#1", ...: the mean square of such products of a vector is its squared norm.
inline double projected_distance(const std::string& name, std::span<const float> ours,
                                 std::span<const float> reference) {
  double sum = 0;
  for (size_t k = 0; k < reference.size(); ++k) {
    const uint32_t hash = fnv1a32(name + "#" + std::to_string(k));
    double product = 0;
    for (size_t i = 0; i < ours.size(); ++i)
      product += double{ours[i]} * double{formula_value(hash, static_cast<uint32_t>(i), std::sqrt(3.0))};
    sum += (product - double{reference[k]}) * (product - double{reference[k]});
  }
  return std::sqrt(sum / static_cast<double>(reference.size()));
}

}  // namespace temper::golden
