// Every instruction set that the machine has, against the expanded blocks and sums in f64.
#include "device/cpu/block_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "support/instruction_sets.h"
#include "tensor/half.h"
#include "tensor/quant.h"

namespace temper::cpu {
namespace {

struct BlockFormat {
  QuantType type;
  std::vector<size_t> halves;  // where its blocks have f16 scales
};

const BlockFormat kFormats[] = {{QuantType::q4_0, {0}},    {QuantType::q4_1, {0, 2}}, {QuantType::q5_0, {0}},
                                {QuantType::q5_1, {0, 2}}, {QuantType::q8_0, {0}},    {QuantType::q2_k, {80, 82}},
                                {QuantType::q3_k, {108}},  {QuantType::q4_k, {0, 2}}, {QuantType::q5_k, {0, 2}},
                                {QuantType::q6_k, {208}}};

/// Blocks of any bits, with scales in (-1, 1).
std::vector<std::byte> random_blocks(const BlockFormat& format, int64_t elements, uint32_t seed) {
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

void PrintTo(const BlockFormat& format, std::ostream* out) {
  *out << name_of(format.type);
}

class BlockRows : public testing::TestWithParam<BlockFormat> {};

TEST_P(BlockRows, EqualsTheExpandedRowsOnEveryInstructionSet) {
  const BlockFormat& format = GetParam();
  constexpr int64_t n = 768, weight_rows = 5, y_stride = 7;
  const std::vector<std::byte> blocks = random_blocks(format, weight_rows * n, 1);
  std::vector<float> weight(static_cast<size_t>(weight_rows * n));
  dequantize(format.type, blocks, weight);
  std::mt19937 bits(2);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(8 * n)), sums(static_cast<size_t>(8 * n / block_group(format.type)));
  for (float& value : x) value = normal(bits);
  sum_block_groups(format.type, x.data(), 8 * n, sums.data());
  for (const int64_t target : instruction_sets()) {
    const OnlyInstructionSet only(target);
    for (int64_t rows = 1; rows <= 8; ++rows) {
      std::vector<float> y(static_cast<size_t>(8 * y_stride), -7.0f);
      dot_block_rows(format.type, blocks.data(), weight_rows, {x.data(), rows, n, sums.data()}, y.data(), y_stride);
      for (int64_t r = 0; r < 8; ++r)
        for (int64_t i = 0; i < y_stride; ++i) {
          const float got = y[static_cast<size_t>(r * y_stride + i)];
          if (r >= rows || i >= weight_rows) {
            ASSERT_EQ(got, -7.0f) << r << ", " << i;  // written past the results
            continue;
          }
          double want = 0, size = 0;
          for (int64_t e = 0; e < n; ++e) {
            const double term =
                double{x[static_cast<size_t>(r * n + e)]} * double{weight[static_cast<size_t>(i * n + e)]};
            want += term;
            size += std::abs(term);
          }
          ASSERT_NEAR(double{got}, want, 1e-6 * size) << hwy::TargetName(target) << ", x " << r << ", row " << i;
        }
    }
  }
}

TEST_P(BlockRows, ExpandsToTheVeryValuesOnEveryInstructionSet) {
  const BlockFormat& format = GetParam();
  constexpr int64_t n = 1536;
  const std::vector<std::byte> blocks = random_blocks(format, n, 3);
  std::vector<float> want(static_cast<size_t>(n)), got(static_cast<size_t>(n));
  dequantize(format.type, blocks, want);
  for (const int64_t target : instruction_sets()) {
    const OnlyInstructionSet only(target);
    std::ranges::fill(got, -7.0f);
    expand_blocks(format.type, blocks.data(), n, got.data());
    ASSERT_EQ(got, want) << hwy::TargetName(target);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, BlockRows, testing::ValuesIn(kFormats),
                         [](const auto& info) { return std::string(name_of(info.param.type)); });

}  // namespace
}  // namespace temper::cpu
