#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace temper::io {

/// The product of a shape that a file claims; nullopt when an extent is negative or the product passes 2^63 - 1.
inline std::optional<int64_t> checked_product(std::span<const int64_t> shape) {
  int64_t product = 1;
  bool overflow = false;
  for (const int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    if (extent == 0) return 0;  // whatever the others are
    overflow = overflow || __builtin_mul_overflow(product, extent, &product);
  }
  if (overflow) return std::nullopt;
  return product;
}

}  // namespace temper::io
