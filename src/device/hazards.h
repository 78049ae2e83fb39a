#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace temper {

/// Bytes [begin, end) of one allocation; `space` tells allocations apart on devices without a flat address space.
struct MemoryRange {
  uintptr_t space = 0;
  uint64_t begin = 0;
  uint64_t end = 0;

  bool overlaps(const MemoryRange& other) const {
    return space == other.space && std::max(begin, other.begin) < std::min(end, other.end);
  }
};

/// Which dependencies are tracked. All of them, except in tests that prove each one is needed.
struct HazardKinds {
  bool read_after_write = true;
  bool write_after_read = true;
  bool write_after_write = true;
};

/// Decides where an encoder needs a barrier: before a launch that conflicts, by byte range, with one encoded since the
/// last barrier. Launches between two barriers may run in any order or at the same time.
class HazardTracker {
 public:
  explicit HazardTracker(HazardKinds kinds = {}) : kinds_(kinds) {}

  /// True when a launch with these ranges must wait for a barrier.
  bool conflicts(std::span<const MemoryRange> reads, std::span<const MemoryRange> writes) const;
  /// Remembers a launch.
  void note(std::span<const MemoryRange> reads, std::span<const MemoryRange> writes);
  /// True when a launch since the last barrier touches the range.
  bool touches(const MemoryRange& range) const;
  /// A barrier: everything before is done.
  void clear();

 private:
  HazardKinds kinds_;
  std::vector<MemoryRange> reads_, writes_;
};

}  // namespace temper
