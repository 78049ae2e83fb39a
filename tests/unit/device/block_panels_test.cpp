// Every instruction set that the machine has, against the expanded blocks and sums in f64.
#include "device/cpu/block_panels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/block_formats.h"
#include "support/instruction_sets.h"

namespace temper::cpu {
namespace {

class BlockPanels : public testing::TestWithParam<BlockFormat> {};

TEST_P(BlockPanels, EqualTheExpandedRowsOnEveryInstructionSet) {
  const BlockFormat& format = GetParam();
  constexpr int64_t n = 768, weight_rows = 37, y_stride = 41, panels = 3;
  const std::vector<std::byte> blocks = random_blocks(format, weight_rows * n, 1);
  std::vector<float> weight(static_cast<size_t>(weight_rows * n));
  dequantize(format.type, blocks, weight);
  std::mt19937 bits(2);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(8 * n)), sums(static_cast<size_t>(8 * n / block_group(format.type)));
  for (float& value : x) value = normal(bits);
  sum_block_groups(format.type, x.data(), 8 * n, sums.data());
  const auto check = [&](int64_t target, int64_t rows, double tolerance, const std::vector<float>& y) {
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
        ASSERT_NEAR(double{got}, want, tolerance * size) << hwy::TargetName(target) << ", x " << r << ", row " << i;
      }
  };
  for (const int64_t target : instruction_sets()) {
    const OnlyInstructionSet only(target);
    std::vector<std::byte> packed(panel_bytes(weight_rows, stored_bytes(format.type, n)), std::byte{0xff});
    pack_panels(format.type, blocks.data(), weight_rows, n, 0, 1, packed.data());
    pack_panels(format.type, blocks.data(), weight_rows, n, 1, panels, packed.data());
    for (int64_t rows = 1; rows <= 8; ++rows) {
      const std::vector<float> untouched(static_cast<size_t>(8 * y_stride), -7.0f);
      std::vector<float> y = untouched;
      dot_panels(format.type, packed.data(), 0, panels, weight_rows, PanelInput{x.data(), rows, n, sums.data()},
                 y.data(), y_stride);
      check(target, rows, 1e-6, y);
      if (!prefers_panel_codes()) continue;
      std::vector<float> space(static_cast<size_t>(panel_code_space(format.type, rows, n)));
      const PanelCodes codes = make_panel_codes(format.type, x.data(), rows, n, space.data());
      y = untouched;
      dot_panels(format.type, packed.data(), 0, panels, weight_rows, codes, y.data(), y_stride);
      check(target, rows, 1.5e-5, y);  // random errors of at most 2.4 / 65,024 each
    }
  }
}

TEST_P(BlockPanels, CodesAreExactForWhatTheyCanHold) {
  const BlockFormat& format = GetParam();
  constexpr int64_t n = 256, weight_rows = 16;
  const std::vector<std::byte> blocks = random_blocks(format, weight_rows * n, 4);
  std::vector<float> weight(static_cast<size_t>(weight_rows * n)), x(static_cast<size_t>(n)), y(16);
  dequantize(format.type, blocks, weight);
  std::mt19937 bits(5);
  for (size_t i = 0; i < x.size(); ++i) x[i] = i % 16 == 0 ? -32512.0f : static_cast<float>(bits() % 65025) - 32512.0f;
  for (const int64_t target : instruction_sets()) {
    const OnlyInstructionSet only(target);
    if (!prefers_panel_codes()) continue;
    std::vector<std::byte> packed(panel_bytes(weight_rows, stored_bytes(format.type, n)));
    pack_panels(format.type, blocks.data(), weight_rows, n, 0, 1, packed.data());
    std::vector<float> space(static_cast<size_t>(panel_code_space(format.type, 1, n)));
    dot_panels(format.type, packed.data(), 0, 1, weight_rows,
               make_panel_codes(format.type, x.data(), 1, n, space.data()), y.data(), 16);
    for (int64_t i = 0; i < weight_rows; ++i) {
      double want = 0, size = 0;
      for (int64_t e = 0; e < n; ++e) {
        const double term = double{x[static_cast<size_t>(e)]} * double{weight[static_cast<size_t>(i * n + e)]};
        want += term;
        size += std::abs(term);
      }
      EXPECT_NEAR(double{y[static_cast<size_t>(i)]}, want, 3e-7 * size) << hwy::TargetName(target) << ", row " << i;
    }
  }
}

TEST_P(BlockPanels, CodesOfNoNumbersGiveNaNAndOfNothingZero) {
  const BlockFormat& format = GetParam();
  constexpr int64_t n = 256;
  const std::vector<std::byte> blocks = random_blocks(format, 16 * n, 6);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const int64_t target : instruction_sets()) {
    const OnlyInstructionSet only(target);
    if (!prefers_panel_codes()) continue;
    std::vector<std::byte> packed(panel_bytes(16, stored_bytes(format.type, n)));
    pack_panels(format.type, blocks.data(), 16, n, 0, 1, packed.data());
    std::vector<float> space(static_cast<size_t>(panel_code_space(format.type, 1, n))), y(16, -7.0f);
    const auto multiply = [&](float value) {
      std::vector<float> x(static_cast<size_t>(n));
      x[77] = value;
      dot_panels(format.type, packed.data(), 0, 1, 16, make_panel_codes(format.type, x.data(), 1, n, space.data()),
                 y.data(), 16);
    };
    for (const float value : {infinity, -infinity, std::nanf("")}) {
      multiply(value);
      for (const float result : y) EXPECT_TRUE(std::isnan(result)) << hwy::TargetName(target) << ", " << value;
    }
    for (const float value : {0.0f, 1e-40f}) {
      multiply(value);
      for (const float result : y) EXPECT_EQ(result, 0.0f) << hwy::TargetName(target) << ", " << value;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, BlockPanels, testing::ValuesIn(kFormats),
                         [](const auto& info) { return std::string(name_of(info.param.type)); });

}  // namespace
}  // namespace temper::cpu
