// sum += x in f32, in place. Work and memory O(n). Exact but for one rounding to f32.
#include "kernels/shared/types.metal"

template <class T>
kernel void accumulate(device float* sum [[buffer(0)]], device const T* x [[buffer(1)]],
                       constant uint& count [[buffer(2)]], uint thread_index [[thread_position_in_grid]]) {
  const uint first = thread_index * kPerThread;
  for (uint i = first; i < min(first + kPerThread, count); ++i) sum[i] += float(x[i]);
}

KERNELS_OF_FLOATS(accumulate)
