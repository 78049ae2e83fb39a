// The hazard tracker against sets of single bytes.
#include <bitset>

#include "device/hazards.h"
#include "support/property.h"

namespace temper {
namespace {

using testing::expect_property;
using testing::pick;

constexpr uint64_t kBytes = 24;
constexpr uintptr_t kSpaces = 2;
using Bytes = std::bitset<kBytes * kSpaces>;

struct Launch {
  std::vector<MemoryRange> reads, writes;
  Bytes read_bytes, written_bytes;
};

Bytes bytes_of(const std::vector<MemoryRange>& ranges) {
  Bytes bytes;
  for (const MemoryRange& range : ranges)
    for (uint64_t b = range.begin; b < range.end; ++b) bytes.set(range.space * kBytes + b);
  return bytes;
}

std::vector<MemoryRange> some_ranges() {
  std::vector<MemoryRange> ranges;
  for (int count = pick(0, 3); count > 0; --count) {
    const auto begin = pick<uint64_t>(0, kBytes - 1);
    ranges.push_back({pick<uintptr_t>(0, kSpaces - 1), begin, pick(begin, std::min(begin + 5, kBytes))});
  }
  return ranges;
}

Launch some_launch() {
  Launch launch{some_ranges(), some_ranges(), {}, {}};
  launch.read_bytes = bytes_of(launch.reads);
  launch.written_bytes = bytes_of(launch.writes);
  return launch;
}

TEST(HazardTrackerProperty, ABarrierComesExactlyWhereTwoLaunchesShareAByteThatOneWrites) {
  expect_property([] {
    const HazardKinds kinds{pick(0, 3) > 0, pick(0, 3) > 0, pick(0, 3) > 0};
    HazardTracker tracker(kinds);
    std::vector<Launch> segment;
    for (int i = pick(1, 20); i > 0; --i) {
      const Launch next = some_launch();
      bool must_wait = false;
      for (const Launch& earlier : segment)
        must_wait = must_wait || (kinds.read_after_write && (next.read_bytes & earlier.written_bytes).any()) ||
                    (kinds.write_after_read && (next.written_bytes & earlier.read_bytes).any()) ||
                    (kinds.write_after_write && (next.written_bytes & earlier.written_bytes).any());
      RC_ASSERT(tracker.conflicts(next.reads, next.writes) == must_wait);
      if (must_wait) {
        tracker.clear();
        segment.clear();
      }
      tracker.note(next.reads, next.writes);
      segment.push_back(next);
      Bytes touched;
      for (const Launch& launch : segment) touched |= launch.read_bytes | launch.written_bytes;
      const auto space = pick<uintptr_t>(0, kSpaces - 1);
      const auto begin = pick<uint64_t>(0, kBytes - 1);
      const MemoryRange probe{space, begin, pick(begin, kBytes)};
      RC_ASSERT(tracker.touches(probe) == (bytes_of({probe}) & touched).any());
    }
  });
}

}  // namespace
}  // namespace temper
