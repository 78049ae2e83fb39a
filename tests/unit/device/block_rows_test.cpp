// Every instruction set that the machine has, against dequantize().
#include "device/cpu/block_rows.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/block_formats.h"
#include "support/instruction_sets.h"

namespace temper::cpu {
namespace {

class BlockRows : public testing::TestWithParam<BlockFormat> {};

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
