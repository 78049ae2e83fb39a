// Functions of Apple's compiler that its own library is made of, which public kernels call by their names. They have no
// specification: each does what the function of the library does whose name it bears.
#pragma once
#include "threads.h"

#define METALHOST_INTERNAL1(name)                         \
  template <class T>                                      \
  METALHOST_INLINE T __metal_##name(T x, bool /*fast*/) { \
    return T(metal::name(x));                             \
  }
METALHOST_INTERNAL1(acos)
METALHOST_INTERNAL1(acosh)
METALHOST_INTERNAL1(asin)
METALHOST_INTERNAL1(asinh)
METALHOST_INTERNAL1(atan)
METALHOST_INTERNAL1(atanh)
METALHOST_INTERNAL1(ceil)
METALHOST_INTERNAL1(cos)
METALHOST_INTERNAL1(cosh)
METALHOST_INTERNAL1(cospi)
METALHOST_INTERNAL1(exp)
METALHOST_INTERNAL1(exp10)
METALHOST_INTERNAL1(exp2)
METALHOST_INTERNAL1(fabs)
METALHOST_INTERNAL1(floor)
METALHOST_INTERNAL1(fract)
METALHOST_INTERNAL1(log)
METALHOST_INTERNAL1(log10)
METALHOST_INTERNAL1(log2)
METALHOST_INTERNAL1(rint)
METALHOST_INTERNAL1(round)
METALHOST_INTERNAL1(rsqrt)
METALHOST_INTERNAL1(sin)
METALHOST_INTERNAL1(sinh)
METALHOST_INTERNAL1(sinpi)
METALHOST_INTERNAL1(sqrt)
METALHOST_INTERNAL1(tan)
METALHOST_INTERNAL1(tanh)
METALHOST_INTERNAL1(tanpi)
METALHOST_INTERNAL1(trunc)
#undef METALHOST_INTERNAL1
#define METALHOST_INTERNAL2(name)                             \
  template <class T>                                          \
  METALHOST_INLINE T __metal_##name(T x, T y, bool = false) { \
    return T(metal::name(x, y));                              \
  }
METALHOST_INTERNAL2(atan2)
METALHOST_INTERNAL2(divide)
METALHOST_INTERNAL2(fmax)
METALHOST_INTERNAL2(fmin)
METALHOST_INTERNAL2(fmod)
METALHOST_INTERNAL2(nextafter)
METALHOST_INTERNAL2(pow)
METALHOST_INTERNAL2(powr)
#undef METALHOST_INTERNAL2
#define METALHOST_INTERNAL3(name)                                  \
  template <class T>                                               \
  METALHOST_INLINE T __metal_##name(T x, T y, T z, bool = false) { \
    return T(metal::name(x, y, z));                                \
  }
METALHOST_INTERNAL3(fma)
METALHOST_INTERNAL3(fmax3)
METALHOST_INTERNAL3(fmedian3)
METALHOST_INTERNAL3(fmin3)
#undef METALHOST_INTERNAL3
template <class T>
METALHOST_INLINE T __metal_frexp(T x, int* exponent) {
  return metal::frexp(x, *exponent);
}
template <class T>
METALHOST_INLINE T __metal_ldexp(T x, int n, bool = false) {
  return metal::ldexp(x, n);
}

#define METALHOST_INTERNAL_SIMD1(name)                          \
  template <class T>                                            \
  METALHOST_INLINE T __metal_simd_##name(T v, METALHOST_SITE) { \
    return metal::simd_##name(v, file_, line_);                 \
  }
METALHOST_INTERNAL_SIMD1(max)
METALHOST_INTERNAL_SIMD1(min)
METALHOST_INTERNAL_SIMD1(sum)
METALHOST_INTERNAL_SIMD1(product)
METALHOST_INTERNAL_SIMD1(prefix_exclusive_product)
METALHOST_INTERNAL_SIMD1(prefix_exclusive_sum)
METALHOST_INTERNAL_SIMD1(prefix_inclusive_product)
METALHOST_INTERNAL_SIMD1(prefix_inclusive_sum)
#undef METALHOST_INTERNAL_SIMD1
template <class T>
METALHOST_INLINE T __metal_simd_xor(T v, METALHOST_SITE) {
  if constexpr (metal::is_same_v<T, float>) {
    return metal::as_type<float>(metal::simd_xor(metal::as_type<uint>(v), file_, line_));
  } else {
    return metal::simd_xor(v, file_, line_);
  }
}
#define METALHOST_INTERNAL_SIMD2(name)                                    \
  template <class T>                                                      \
  METALHOST_INLINE T __metal_simd_##name(T v, ushort n, METALHOST_SITE) { \
    return metal::simd_##name(v, n, file_, line_);                        \
  }
METALHOST_INTERNAL_SIMD2(broadcast)
METALHOST_INTERNAL_SIMD2(shuffle)
METALHOST_INTERNAL_SIMD2(shuffle_down)
METALHOST_INTERNAL_SIMD2(shuffle_rotate_down)
METALHOST_INTERNAL_SIMD2(shuffle_rotate_up)
METALHOST_INTERNAL_SIMD2(shuffle_up)
METALHOST_INTERNAL_SIMD2(shuffle_xor)
#undef METALHOST_INTERNAL_SIMD2
template <class T>
METALHOST_INLINE T __metal_simd_shuffle_and_fill_down(T v, T fill, ushort n, ushort modulo, METALHOST_SITE) {
  return metal::simd_shuffle_and_fill_down(v, fill, n, modulo, file_, line_);
}
template <class T>
METALHOST_INLINE T __metal_simd_shuffle_and_fill_up(T v, T fill, ushort n, ushort modulo, METALHOST_SITE) {
  return metal::simd_shuffle_and_fill_up(v, fill, n, modulo, file_, line_);
}
METALHOST_INLINE ushort __metal_get_simdgroup_size(ushort) {
  return 32;
}
METALHOST_INLINE ushort __metal_get_thread_index_in_simdgroup(ushort) {
  return ushort(metal::detail::lane());
}
inline constexpr bool __METAL_MAYBE_FAST_MATH__ = false, __METAL_FAST_MATH__ = true, __METAL_PRECISE_MATH__ = false;
