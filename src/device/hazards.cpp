#include "device/hazards.h"

#include <algorithm>

namespace temper {
namespace {

bool any_overlap(std::span<const MemoryRange> a, std::span<const MemoryRange> b) {
  return std::ranges::any_of(
      a, [&](const MemoryRange& x) { return std::ranges::any_of(b, [&](const auto& y) { return x.overlaps(y); }); });
}

}  // namespace

bool HazardTracker::conflicts(std::span<const MemoryRange> reads, std::span<const MemoryRange> writes) const {
  return (kinds_.read_after_write && any_overlap(reads, writes_)) ||
         (kinds_.write_after_read && any_overlap(writes, reads_)) ||
         (kinds_.write_after_write && any_overlap(writes, writes_));
}

void HazardTracker::note(std::span<const MemoryRange> reads, std::span<const MemoryRange> writes) {
  reads_.insert(reads_.end(), reads.begin(), reads.end());
  writes_.insert(writes_.end(), writes.begin(), writes.end());
}

bool HazardTracker::touches(const MemoryRange& range) const {
  const std::span one(&range, 1);
  return any_overlap(one, reads_) || any_overlap(one, writes_);
}

void HazardTracker::clear() {
  reads_.clear();
  writes_.clear();
}

}  // namespace temper
