// The largest of a row's elements over a threadgroup, the first of equals, and the order that this implies.
#ifndef TEMPER_KERNELS_SHARED_RANKING
#define TEMPER_KERNELS_SHARED_RANKING
#include "kernels/shared/faults.metal"
#include "kernels/shared/rows.metal"

// An element and where it stands; before another if larger, or equal and earlier.
struct Candidate {
  float value;
  uint index;
};

inline bool is_before(Candidate a, Candidate b) {
  return a.value > b.value || (a.value == b.value && a.index < b.index);
}

// The first of every thread's candidates, in each thread.
inline Candidate first_of(Candidate mine, threadgroup float* values, threadgroup uint* indices, RowThread at) {
  for (ushort distance = 16; distance > 0; distance /= 2) {
    const Candidate other = {simd_shuffle_xor(mine.value, distance), simd_shuffle_xor(mine.index, distance)};
    if (is_before(other, mine)) mine = other;
  }
  if (at.simdgroups == 1) return mine;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (at.lane == 0) {
    values[at.simdgroup] = mine.value;
    indices[at.simdgroup] = mine.index;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint i = 0; i < at.simdgroups; ++i) {
    const Candidate other = {values[i], indices[i]};
    if (is_before(other, mine)) mine = other;
  }
  return mine;
}

// Behind every element.
constant constexpr uint kNoIndex = 0xffffffffu;
#endif
