// a OP b with numpy broadcasting; f32 arithmetic for 16-bit types. The operator and whether both operands are plain rows
// of elements are constants of the compiled kernel. Work O(n); memory: each operand's elements as often as they are
// broadcast (from cache), the result once. Tolerance: one rounding to the type.
#include "kernels/shared/types.metal"
#include "parameters/binary.h"

constant int kind [[function_constant(0)]];  // specs::Binary::Kind
constant bool flat [[function_constant(1)]];
constant constexpr int kAdd = 0;
constant constexpr int kSub = 1;
constant constexpr int kMul = 2;
constant constexpr int kDiv = 3;

inline float combine(float a, float b) {
  if (kind == kAdd) return a + b;
  if (kind == kSub) return a - b;
  if (kind == kMul) return a * b;
  if (kind == kDiv) return a / b;
  return a > b || a != a ? a : b;  // a NaN stays
}

inline int combine(int a, int b) {
  if (kind == kAdd) return a + b;
  if (kind == kSub) return a - b;
  if (kind == kMul) return a * b;
  if (kind == kDiv) return a / b;
  return max(a, b);
}

template <class T, class Wide>
kernel void binary(device const T* a [[buffer(0)]], device const T* b [[buffer(1)]], device T* y [[buffer(2)]],
                   constant BinaryParameters& p [[buffer(3)]], uint thread_index [[thread_position_in_grid]]) {
  const uint first = thread_index * kPerThread;
  for (uint i = first; i < min(first + kPerThread, p.count); ++i) {
    int a_at = int(i), b_at = int(i);
    if (!flat) {
      a_at = b_at = 0;
      uint rest = i;
      for (uint d = 0; d < p.rank; ++d) {
        const int at = int(rest % p.extents[d]);
        a_at += at * p.a_strides[d];
        b_at += at * p.b_strides[d];
        rest /= p.extents[d];
      }
    }
    y[i] = T(combine(Wide(a[a_at]), Wide(b[b_at])));
  }
}

KERNEL_OF(binary, "f32", float, float)
KERNEL_OF(binary, "f16", half, float)
KERNEL_OF(binary, "bf16", bfloat, float)
KERNEL_OF(binary, "i32", int, int)
