#include <metal_stdlib>
using namespace metal;

// The sum of each row, one threadgroup a row.
kernel void row_sum(device const float* x [[buffer(0)]], device float* sums [[buffer(1)]],
                    constant uint& columns [[buffer(2)]], uint row [[threadgroup_position_in_grid]],
                    uint tid [[thread_position_in_threadgroup]], uint threads [[threads_per_threadgroup]]) {
  threadgroup float part[64];
  float sum = 0.0;
  for (uint i = tid; i < columns; i += threads) sum += x[row * columns + i];
  part[tid] = sum;
  for (uint half_threads = threads / 2; half_threads > 0; half_threads /= 2) {
    if (tid < half_threads) part[tid] += part[tid + half_threads];
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  if (tid == 0) sums[row] = part[0];
}
