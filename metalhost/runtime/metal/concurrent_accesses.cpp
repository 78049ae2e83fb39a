#include "runtime/metal/concurrent_accesses.h"

#include <algorithm>

namespace metalhost {
namespace {

bool race(msl::AccessKind a, msl::AccessKind b) {
  return !(is_atomic(a) && is_atomic(b)) && (writes(a) || writes(b));
}

}  // namespace

void ConcurrentAccesses::order(uintptr_t begin, uintptr_t end) {
  for (Earlier& earlier : earlier_) {
    std::vector<TouchedRange> kept;
    for (const TouchedRange& range : earlier.touched) {
      if (range.begin < begin) kept.push_back({range.begin, std::min(range.end, begin), range.kind, range.site});
      if (range.end > end) kept.push_back({std::max(range.begin, end), range.end, range.kind, range.site});
    }
    earlier.touched = std::move(kept);
  }
  std::erase_if(earlier_, [](const Earlier& earlier) { return earlier.touched.empty(); });
}

std::optional<ConcurrentAccesses::Conflict> ConcurrentAccesses::add(const std::string& kernel,
                                                                    std::vector<TouchedRange> touched) {
  std::sort(touched.begin(), touched.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
  std::optional<Conflict> found;
  for (const Earlier& earlier : earlier_) {
    auto other = earlier.touched.begin();
    for (const TouchedRange& range : touched) {
      while (other != earlier.touched.end() && other->end <= range.begin) ++other;
      for (auto next = other; next != earlier.touched.end() && next->begin < range.end; ++next) {
        if (found || next->end <= range.begin || !race(range.kind, next->kind)) continue;
        found = {range, *next, earlier.kernel, std::max(range.begin, next->begin), std::min(range.end, next->end)};
      }
    }
  }
  earlier_.push_back({kernel, std::move(touched)});
  return found;
}

}  // namespace metalhost
