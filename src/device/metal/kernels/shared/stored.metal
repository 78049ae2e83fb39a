// Elements whose type is a constant of the compiled kernel, so that one kernel serves every combination of types. They
// are computed with as f32.
#ifndef TEMPER_KERNELS_STORED
#define TEMPER_KERNELS_STORED
#include "kernels/shared/types.metal"

// StoredType of stored_type.h.
constant constexpr int kStoredF32 = 0;
constant constexpr int kStoredF16 = 1;
constant constexpr int kStoredBf16 = 2;

inline float stored(device const uchar* x, long at, int type) {
  if (type == kStoredF16) return float(((device const half*)x)[at]);
  if (type == kStoredBf16) return float(((device const bfloat*)x)[at]);
  return ((device const float*)x)[at];
}

inline void store(device uchar* y, long at, float value, int type) {
  if (type == kStoredF16)
    ((device half*)y)[at] = half(value);
  else if (type == kStoredBf16)
    ((device bfloat*)y)[at] = bfloat(value);
  else
    ((device float*)y)[at] = value;
}
#endif
