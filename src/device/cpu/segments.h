#pragma once

#include <algorithm>
#include <cstdint>

#include "device/faults.h"

// What a query of `attention` sees.
namespace temper::cpu {

/// One row of the op's segments.
struct Segment {
  int64_t q_begin, q_end, k_begin, k_end;
  int64_t queries() const { return q_end - q_begin; }
  int64_t keys() const { return k_end - k_begin; }
};

/// Keys [begin, end) of a segment, counted from its first.
struct KeyRange {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

/// The segments of one launch, checked.
class Segments {
 public:
  /// A segment that isn't inside of `queries` and `keys` is reported, and empty from then on.
  Segments(const int32_t* rows, int64_t count, int64_t queries, int64_t keys, FaultReport& faults)
      : rows_(rows), count_(count), queries_(queries), keys_(keys) {
    for (int64_t s = 0; s < count; ++s) {
      const int32_t* row = rows + 4 * s;
      if (!is_inside(row)) faults(s, {row[0], row[1], row[2], row[3]});
      const Segment at = (*this)[s];
      total_queries_ += at.queries();
      total_keys_ += at.keys();
      max_queries_ = std::max(max_queries_, at.queries());
      max_keys_ = std::max(max_keys_, at.keys());
    }
  }

  int64_t count() const { return count_; }
  Segment operator[](int64_t s) const {
    const int32_t* row = rows_ + 4 * s;
    return is_inside(row) ? Segment{row[0], row[1], row[2], row[3]} : Segment{0, 0, 0, 0};
  }
  /// Segments don't overlap, so these tell whether they cover everything.
  int64_t total_queries() const { return total_queries_; }
  int64_t total_keys() const { return total_keys_; }
  int64_t max_queries() const { return max_queries_; }
  int64_t max_keys() const { return max_keys_; }

 private:
  bool is_inside(const int32_t* row) const {
    return 0 <= row[0] && row[0] <= row[1] && row[1] <= queries_ && 0 <= row[2] && row[2] <= row[3] && row[3] <= keys_;
  }

  const int32_t* rows_;
  int64_t count_, queries_, keys_;
  int64_t total_queries_ = 0, total_keys_ = 0, max_queries_ = 0, max_keys_ = 0;
};

/// The keys that query j of a segment sees: always one contiguous range, possibly empty.
inline KeyRange visible_keys(const Segment& segment, int64_t j, bool causal, int64_t window) {
  const int64_t position = segment.keys() - segment.queries() + j;
  const int64_t end = causal ? std::clamp<int64_t>(position + 1, 0, segment.keys()) : segment.keys();
  const int64_t begin = window > 0 ? std::clamp<int64_t>(position - window + 1, 0, end) : 0;
  return {begin, end};
}

}  // namespace temper::cpu
