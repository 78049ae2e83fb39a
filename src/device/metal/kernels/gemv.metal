// The product of up to four rows of x with a matrix of many rows (decoding): y = alpha (x B + scale2 A2 B2), where each
// column of B and B2 is contiguous: rows of a weight, dense or in blocks, and of an adapter's B.
// A SIMD-group makes one column of y; its lanes take runs of 16 elements of the weight's row, so the weight is read
// once and expanded in registers. Parameters and constants are gemm.metal's. Work O(m n (k + k2)); memory: the weight
// once, x n / 4 times (from cache). Tolerance: k / 32 additions in f32, then one rounding to the type.
#include "kernels/shared/weights.metal"
#include "parameters/gemm.h"

constant int a_type [[function_constant(0)]];
constant int b_type [[function_constant(1)]];
constant int y_type [[function_constant(2)]];
constant int b2_type [[function_constant(3)]];
constant bool has_second [[function_constant(7)]];

constant constexpr uint kMostRows = 4;

kernel void gemv(device const uchar* a [[buffer(0)]], device const uchar* b [[buffer(1)]],
                 device uchar* y [[buffer(3)]], device const float* a2 [[buffer(4)]],
                 device const uchar* b2 [[buffer(5)]], constant GemmParameters& p [[buffer(6)]],
                 uint group [[threadgroup_position_in_grid]], uint lane [[thread_index_in_simdgroup]],
                 uint simdgroup [[simdgroup_index_in_threadgroup]], uint simdgroups [[simdgroups_per_threadgroup]]) {
  const uint column = group * simdgroups + simdgroup;
  if (column >= p.n) return;  // a whole SIMD-group
  const uint size = is_blocks(b_type) ? 1 : b_type == kStoredF32 ? 4 : 2;
  device const uchar* row = b + long(column) * p.b_strides[1] * long(size);
  float sums[kMostRows] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (uint run = lane; run * kRun < p.k; run += 32) {
    const WeightRun w = weight_run(row, run, p.k, b_type);
    for (uint i = 0; i < kMostRows; ++i) {
      if (i >= p.m) break;
      for (uint e = 0; e < kRun; ++e) {
        const uint at = run * kRun + e;
        if (at < p.k) sums[i] += stored(a, long(i) * p.a_strides[0] + at, a_type) * w.values[e];
      }
    }
  }
  if (has_second) {
    for (uint t = lane; t < p.k2; t += 32) {
      const float w = p.scale2 * stored(b2, long(column) * p.b2_strides[1] + t, b2_type);
      for (uint i = 0; i < kMostRows; ++i)
        if (i < p.m) sums[i] += w * a2[long(i) * p.a2_strides[0] + long(t) * p.a2_strides[1]];
    }
  }
  for (uint i = 0; i < kMostRows; ++i) {
    if (i >= p.m) break;
    const float sum = simd_sum(sums[i]);
    if (lane == 0) store(y, long(i) * p.n + column, p.alpha * sum, y_type);
  }
}
