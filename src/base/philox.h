#pragma once

#include <array>
#include <cstdint>

namespace temper {

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a counter-based generator, so a
/// draw depends on its key and counter alone, not on order, device or thread.
constexpr std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(p0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// Uniform in [0, 1) with 24 bits.
constexpr float uniform01(uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1p-24f;
}

/// Where random numbers of one op come from: (seed, step, call site); the element index completes the counter.
struct RngKey {
  uint64_t seed = 0;
  uint32_t step = 0;
  uint32_t site = 0;

  /// Four draws for elements 4*block .. 4*block+3.
  std::array<uint32_t, 4> draw(uint64_t block) const {
    return philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), step, site},
                      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  }
  float uniform(uint64_t element) const { return uniform01(draw(element / 4)[element % 4]); }
};

}  // namespace temper
