// Sums and maxima over the threads of a threadgroup that shares a row.
#ifndef TEMPER_KERNELS_ROWS
#define TEMPER_KERNELS_ROWS
#include "kernels/shared/types.metal"

// Where a thread stands in the threadgroup of a row.
struct RowThread {
  uint index;  // in the threadgroup
  uint count;  // threads of the threadgroup
  uint lane;
  uint simdgroup;
  uint simdgroups;
};

constant constexpr uint kMaxRowSimdgroups = 8;

// The sum of every thread's value, in each thread. `parts`: threadgroup memory for a float a SIMD-group.
inline float row_sum(float value, threadgroup float* parts, RowThread at) {
  value = simd_sum(value);
  if (at.simdgroups == 1) return value;
  threadgroup_barrier(mem_flags::mem_threadgroup);  // parts may still be read
  if (at.lane == 0) parts[at.simdgroup] = value;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float total = parts[0];
  for (uint i = 1; i < at.simdgroups; ++i) total += parts[i];
  return total;
}

// The largest of every thread's values; NaNs are passed over.
inline float row_max(float value, threadgroup float* parts, RowThread at) {
  value = simd_max(value);
  if (at.simdgroups == 1) return value;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (at.lane == 0) parts[at.simdgroup] = value;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float total = parts[0];
  for (uint i = 1; i < at.simdgroups; ++i) total = max(total, parts[i]);
  return total;
}

// The arguments of a kernel that gives each row to a threadgroup.
#define ROW_ARGUMENTS                                                                                               \
  uint row [[threadgroup_position_in_grid]], uint thread_of_row [[thread_position_in_threadgroup]],                  \
      uint threads_of_row [[threads_per_threadgroup]], uint lane_of_row [[thread_index_in_simdgroup]],               \
      uint simdgroup_of_row [[simdgroup_index_in_threadgroup]], uint simdgroups_of_row [[simdgroups_per_threadgroup]]
#define ROW_THREAD RowThread{thread_of_row, threads_of_row, lane_of_row, simdgroup_of_row, simdgroups_of_row}
#endif
