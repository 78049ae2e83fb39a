// Sum or maximum over any set of dimensions: a SIMD-group gathers the terms of one result, lane after lane, in f32.
// Work O(n); memory: x once. The order depends on the shape only; rounding errors grow with terms / 32.
#include "kernels/shared/types.metal"
#include "parameters/reduce.h"

constant bool is_max [[function_constant(0)]];

inline int place(uint index, uint rank, constant uint* extents, constant int* strides) {
  int at = 0;
  for (uint d = 0; d < rank; ++d) {
    at += int(index % extents[d]) * strides[d];
    index /= extents[d];
  }
  return at;
}

template <class T>
kernel void reduce(device const T* x [[buffer(0)]], device T* y [[buffer(1)]],
                   constant ReduceParameters& p [[buffer(2)]], uint group [[threadgroup_position_in_grid]],
                   uint simdgroup [[simdgroup_index_in_threadgroup]], uint simdgroups [[simdgroups_per_threadgroup]],
                   uint lane [[thread_index_in_simdgroup]]) {
  const uint result = group * simdgroups + simdgroup;
  if (result >= p.count) return;  // a whole SIMD-group
  const int base = place(result, p.kept_rank, p.kept_extents, p.kept_strides);
  float total = is_max ? -INFINITY : 0.0f;
  uint has_nan = 0;
  for (uint term = lane; term < p.terms; term += 32) {
    const float value = float(x[base + place(term, p.reduced_rank, p.reduced_extents, p.reduced_strides)]);
    if (is_max) {
      has_nan |= uint(value != value);
      total = value > total ? value : total;
    } else {
      total += value;
    }
  }
  if (is_max) {
    total = simd_max(total);
    has_nan = simd_or(has_nan);
    if (has_nan != 0) total = NAN;
  } else {
    total = simd_sum(total);
  }
  if (lane == 0) y[result] = T(total);
}

KERNELS_OF_FLOATS(reduce)
