#include "device/hazards.h"

#include <gtest/gtest.h>

namespace temper {
namespace {

using Ranges = std::vector<MemoryRange>;

const Ranges kNothing = {};
const Ranges kLow = {{0, 0, 16}}, kHigh = {{0, 16, 32}}, kMiddle = {{0, 8, 24}};

TEST(HazardTracker, ReadAfterWriteConflicts) {
  HazardTracker tracker;
  tracker.note(kNothing, kLow);
  EXPECT_TRUE(tracker.conflicts(kMiddle, kNothing));
}

TEST(HazardTracker, WriteAfterReadConflicts) {
  HazardTracker tracker;
  tracker.note(kLow, kNothing);
  EXPECT_TRUE(tracker.conflicts(kNothing, kMiddle));
}

TEST(HazardTracker, WriteAfterWriteConflicts) {
  HazardTracker tracker;
  tracker.note(kNothing, kLow);
  EXPECT_TRUE(tracker.conflicts(kNothing, kMiddle));
}

TEST(HazardTracker, ReadsDoNotConflict) {
  HazardTracker tracker;
  tracker.note(kLow, kNothing);
  EXPECT_FALSE(tracker.conflicts(kMiddle, kNothing));
}

TEST(HazardTracker, AdjacentRangesAndOtherSpacesDoNotConflict) {
  HazardTracker tracker;
  tracker.note(kNothing, kLow);
  EXPECT_FALSE(tracker.conflicts(kHigh, kHigh));
  EXPECT_FALSE(tracker.conflicts(Ranges{{1, 0, 16}}, kNothing));
  EXPECT_FALSE(tracker.conflicts(Ranges{{0, 4, 4}}, kNothing)) << "an empty range touches nothing";
}

TEST(HazardTracker, EachKindCanBeLeftOut) {
  HazardTracker no_raw({.read_after_write = false}), no_war({.write_after_read = false}),
      no_waw({.write_after_write = false});
  for (HazardTracker* tracker : {&no_raw, &no_war, &no_waw}) tracker->note(kHigh, kLow);
  EXPECT_FALSE(no_raw.conflicts(kLow, kNothing));
  EXPECT_FALSE(no_war.conflicts(kNothing, kHigh));
  EXPECT_FALSE(no_waw.conflicts(kNothing, kLow));
  EXPECT_TRUE(no_raw.conflicts(kNothing, kLow) && no_war.conflicts(kLow, kNothing) && no_waw.conflicts(kLow, kNothing));
}

TEST(HazardTracker, ABarrierForgets) {
  HazardTracker tracker;
  tracker.note(kHigh, kLow);
  EXPECT_TRUE(tracker.touches(kLow[0]) && tracker.touches(kHigh[0]));
  tracker.clear();
  EXPECT_FALSE(tracker.touches(kLow[0]) || tracker.touches(kHigh[0]));
  EXPECT_FALSE(tracker.conflicts(kLow, kLow));
}

}  // namespace
}  // namespace temper
