// Every kernel file, as it is handed to Metal, under the house rules and the check of address spaces.
#ifndef __APPLE__
#include <gtest/gtest.h>

#include "device/metal/pipelines.h"
#include "msl/compiler/lint.h"

namespace temper {
namespace {

using metal::KernelSource;

class KernelLint : public ::testing::TestWithParam<KernelSource> {};

std::string messages(const std::vector<metalhost::msl::Diagnostic>& diagnostics) {
  std::string out;
  for (const auto& found : diagnostics) out += found.message() + "\n";
  return out;
}

TEST_P(KernelLint, FindsNothing) {
  const auto result = metalhost::msl::lint(std::string(GetParam().text), std::string(GetParam().name));
  EXPECT_EQ(messages(result.errors), "");
  EXPECT_EQ(messages(result.unchecked), "") << "address spaces were not checked there";
  EXPECT_FALSE(result.kernels.empty());
}

TEST_P(KernelLint, FindsALocalVariableThatPointsIntoAnotherSpace) {
  const std::string planted = std::string(GetParam().text) +
                              "\n#line 1 \"planted\"\n"
                              "inline void planted_function(device float* x) { threadgroup float* p = x; p[0] = 1; }\n";
  const auto result = metalhost::msl::lint(planted, std::string(GetParam().name));
  ASSERT_EQ(result.errors.size(), 1u) << messages(result.errors);
  EXPECT_EQ(result.errors[0].file, "planted");
}

INSTANTIATE_TEST_SUITE_P(Kernels, KernelLint, ::testing::ValuesIn(metal::kernel_sources()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace temper
#endif
