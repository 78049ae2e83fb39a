// Moves elements from one layout to another, converting their type: what copies, casts, concatenations and paddings are
// made of. Floats round to nearest even, integers convert exactly or truncate; copies move bits by integers of the size.
// Work O(n); memory: each element read and written once. Exact.
#include "kernels/shared/types.metal"
#include "parameters/strided.h"

constant bool flat [[function_constant(0)]];  // both layouts are plain rows of elements

template <class To, class From>
inline To converted(From x) { return To(x); }
template <>
inline bfloat converted<bfloat, half>(half x) { return bfloat(float(x)); }
template <>
inline half converted<half, bfloat>(bfloat x) { return half(float(x)); }

template <class From, class To>
kernel void strided(device const From* x [[buffer(0)]], device To* y [[buffer(1)]],
                    constant StridedParameters& p [[buffer(2)]], uint thread_index [[thread_position_in_grid]]) {
  const uint first = thread_index * kPerThread;
  for (uint i = first; i < min(first + kPerThread, p.count); ++i) {
    int x_at = int(i), y_at = int(i);
    if (!flat) {
      x_at = y_at = 0;
      uint rest = i;
      for (uint d = 0; d < p.rank; ++d) {
        const int at = int(rest % p.extents[d]);
        x_at += at * p.x_strides[d];
        y_at += at * p.y_strides[d];
        rest /= p.extents[d];
      }
    }
    y[y_at] = converted<To, From>(x[x_at]);
  }
}

KERNEL_OF(strided, "1", uchar, uchar)
KERNEL_OF(strided, "2", ushort, ushort)
KERNEL_OF(strided, "4", uint, uint)
KERNEL_OF(strided, "8", ulong, ulong)

#define KERNELS_FROM(name, From)               \
  KERNEL_OF(strided, name "_f32", From, float) \
  KERNEL_OF(strided, name "_f16", From, half)  \
  KERNEL_OF(strided, name "_bf16", From, bfloat) \
  KERNEL_OF(strided, name "_i32", From, int)   \
  KERNEL_OF(strided, name "_i64", From, long)  \
  KERNEL_OF(strided, name "_u8", From, uchar)
KERNELS_FROM("f32", float)
KERNELS_FROM("f16", half)
KERNELS_FROM("bf16", bfloat)
KERNELS_FROM("i32", int)
KERNELS_FROM("i64", long)
KERNELS_FROM("u8", uchar)
