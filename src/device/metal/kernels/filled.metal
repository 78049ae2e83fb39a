// One value in every element of a layout; values are bits of 1, 2, 4 or 8 bytes. Work and memory O(n). Exact.
#include "kernels/shared/types.metal"
#include "parameters/filled.h"

template <class T>
kernel void filled(device T* y [[buffer(0)]], constant FilledParameters& p [[buffer(1)]],
                   uint thread_index [[thread_position_in_grid]]) {
  const T value = T(ulong(p.bits_high) << 32 | ulong(p.bits_low));
  const uint first = thread_index * kPerThread;
  for (uint i = first; i < min(first + kPerThread, p.count); ++i) {
    int at = 0;
    uint rest = i;
    for (uint d = 0; d < p.rank; ++d) {
      at += int(rest % p.extents[d]) * p.strides[d];
      rest /= p.extents[d];
    }
    y[at] = value;
  }
}

KERNEL_OF(filled, "1", uchar)
KERNEL_OF(filled, "2", ushort)
KERNEL_OF(filled, "4", uint)
KERNEL_OF(filled, "8", ulong)
