#include "base/philox.h"

#include <gtest/gtest.h>

#include <set>

namespace temper {
namespace {

using Words = std::array<uint32_t, 4>;

// The known answers that Random123 publishes for philox4x32-10.
TEST(Philox, GivesThePublishedKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformsLieInTheHalfOpenUnitInterval) {
  EXPECT_EQ(uniform01(0), 0.0f);
  EXPECT_LT(uniform01(0xffffffff), 1.0f);
  EXPECT_EQ(uniform01(0x80000000), 0.5f);
}

TEST(RngKey, SeedStepSiteAndElementAllMatter) {
  std::set<Words> draws;
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32})
    for (const uint32_t step : {0u, 1u})
      for (const uint32_t site : {0u, 1u})
        for (const uint64_t block : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32})
          draws.insert(RngKey{seed, step, site}.draw(block));
  EXPECT_EQ(draws.size(), 36u);
}

TEST(RngKey, ElementsTakeTheWordsOfTheirBlock) {
  const RngKey key{7, 8, 9};
  for (uint64_t element = 0; element < 12; ++element)
    EXPECT_EQ(key.uniform(element), uniform01(key.draw(element / 4)[element % 4]));
}

}  // namespace
}  // namespace temper
