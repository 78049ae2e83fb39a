#include "bench/timing.h"

#include <gtest/gtest.h>

namespace temper::bench {
namespace {

TEST(Timing, PercentilesLieBetweenSamples) {
  const Timing timing = summarise({5, 1, 2, 4, 3, 11, 7, 6, 9, 8, 10});
  EXPECT_DOUBLE_EQ(timing.median, 6);
  EXPECT_DOUBLE_EQ(timing.low, 2);
  EXPECT_DOUBLE_EQ(timing.high, 10);
  EXPECT_EQ(timing.samples, 11);
  EXPECT_DOUBLE_EQ(summarise({1, 2}).median, 1.5);
  EXPECT_DOUBLE_EQ(summarise({1, 2}).high, 1.9);
}

TEST(Timing, OneSampleAndNone) {
  EXPECT_DOUBLE_EQ(summarise({3}).low, 3);
  EXPECT_DOUBLE_EQ(summarise({3}).high, 3);
  EXPECT_EQ(summarise({}).samples, 0);
}

}  // namespace
}  // namespace temper::bench
