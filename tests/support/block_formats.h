#pragma once

#include <cstring>
#include <ostream>
#include <random>
#include <vector>

#include "tensor/half.h"
#include "tensor/quant.h"

namespace temper::cpu {

struct BlockFormat {
  QuantType type;
  std::vector<size_t> halves;  // where its blocks have f16 scales
};

inline const BlockFormat kFormats[] = {
    {QuantType::q4_0, {0}},    {QuantType::q4_1, {0, 2}},   {QuantType::q5_0, {0}},   {QuantType::q5_1, {0, 2}},
    {QuantType::q8_0, {0}},    {QuantType::q2_k, {80, 82}}, {QuantType::q3_k, {108}}, {QuantType::q4_k, {0, 2}},
    {QuantType::q5_k, {0, 2}}, {QuantType::q6_k, {208}}};

/// Blocks of any bits, with scales in (-1, 1).
inline std::vector<std::byte> random_blocks(const BlockFormat& format, int64_t elements, uint32_t seed) {
  std::mt19937 bits(seed);
  std::uniform_real_distribution<float> scale(-1.0f, 1.0f);
  std::vector<std::byte> bytes(stored_bytes(format.type, elements));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(bits() & 255);
  const size_t block = block_size(format.type).bytes;
  for (size_t at = 0; at < bytes.size(); at += block)
    for (const size_t half : format.halves) {
      const f16_t value = to_f16(scale(bits));
      std::memcpy(bytes.data() + at + half, &value.bits, sizeof value.bits);
    }
  return bytes;
}

inline void PrintTo(const BlockFormat& format, std::ostream* out) {
  *out << name_of(format.type);
}

}  // namespace temper::cpu
