// Mathematics: in float, rounded once to the type; element by element for vectors.
// Source of names and meanings: the Metal Shading Language Specification, version 3.1.
#pragma once
#include "types.h"

namespace metal {

namespace detail {
// Metal has no mathematics of bfloat: a bfloat becomes a float, and so does the result.
template <class T>
inline constexpr bool becomes_float = is_integral_v<T> || is_same_v<T, bfloat>;
template <class T>
using computed = conditional_t<is_same_v<T, bfloat>, float, T>;
}  // namespace detail

#define METALHOST_MAP1(name)                                       \
  template <class A, enable_if_t<(detail::lanes<A> > 0), int> = 0> \
  METALHOST_INLINE auto name(const A& a) {                         \
    vec<decltype(name(detail::element<A>())), detail::lanes<A>> r; \
    for (int i = 0; i < detail::lanes<A>; ++i) r[i] = name(a[i]);  \
    return r;                                                      \
  }
#define METALHOST_MATH1(name, expression)                            \
  METALHOST_INLINE float name(float x) {                             \
    return expression;                                               \
  }                                                                  \
  METALHOST_INLINE half name(half h) {                               \
    float x = h;                                                     \
    return half(expression);                                         \
  }                                                                  \
  template <class I, enable_if_t<detail::becomes_float<I>, int> = 0> \
  METALHOST_INLINE float name(I i) {                                 \
    float x = float(i);                                              \
    return expression;                                               \
  }                                                                  \
  METALHOST_MAP1(name)
#define METALHOST_ELEMENTARY                                          \
  METALHOST_MATH1(exp, __builtin_expf(x))                             \
  METALHOST_MATH1(exp2, __builtin_exp2f(x))                           \
  METALHOST_MATH1(exp10, __builtin_exp10f(x))                         \
  METALHOST_MATH1(log, __builtin_logf(x))                             \
  METALHOST_MATH1(log2, __builtin_log2f(x))                           \
  METALHOST_MATH1(log10, __builtin_log10f(x))                         \
  METALHOST_MATH1(sin, __builtin_sinf(x))                             \
  METALHOST_MATH1(cos, __builtin_cosf(x))                             \
  METALHOST_MATH1(tan, __builtin_tanf(x))                             \
  METALHOST_MATH1(sinh, __builtin_sinhf(x))                           \
  METALHOST_MATH1(cosh, __builtin_coshf(x))                           \
  METALHOST_MATH1(tanh, __builtin_tanhf(x))                           \
  METALHOST_MATH1(asin, __builtin_asinf(x))                           \
  METALHOST_MATH1(acos, __builtin_acosf(x))                           \
  METALHOST_MATH1(atan, __builtin_atanf(x))                           \
  METALHOST_MATH1(asinh, __builtin_asinhf(x))                         \
  METALHOST_MATH1(acosh, __builtin_acoshf(x))                         \
  METALHOST_MATH1(atanh, __builtin_atanhf(x))                         \
  METALHOST_MATH1(sinpi, __builtin_sinf(x * 3.14159265358979323846f)) \
  METALHOST_MATH1(cospi, __builtin_cosf(x * 3.14159265358979323846f)) \
  METALHOST_MATH1(sqrt, __builtin_sqrtf(x))                           \
  METALHOST_MATH1(rsqrt, 1.0f / __builtin_sqrtf(x))
METALHOST_ELEMENTARY
METALHOST_MATH1(floor, __builtin_floorf(x))
METALHOST_MATH1(ceil, __builtin_ceilf(x))
METALHOST_MATH1(trunc, __builtin_truncf(x))
METALHOST_MATH1(round, __builtin_roundf(x))
METALHOST_MATH1(rint, __builtin_rintf(x))
METALHOST_MATH1(fract, __builtin_fminf(x - __builtin_floorf(x), 0x1.fffffep-1f))
METALHOST_MATH1(sign, x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f)
METALHOST_MATH1(saturate, __builtin_fminf(__builtin_fmaxf(x, 0.0f), 1.0f))
METALHOST_MATH1(fabs, __builtin_fabsf(x))
METALHOST_MATH1(tanpi, __builtin_tanf(x * 3.14159265358979323846f))

#define METALHOST_MAP2(name)                                                                             \
  template <class A, class B, enable_if_t<detail::are_vectors<A, B>, int> = 0>                           \
  METALHOST_INLINE auto name(const A& a, const B& b) {                                                   \
    using R = detail::common<A, B>;                                                                      \
    using S = detail::element<R>;                                                                        \
    R r;                                                                                                 \
    for (int i = 0; i < detail::lanes<R>; ++i) r[i] = S(name(S(detail::at(a, i)), S(detail::at(b, i)))); \
    return r;                                                                                            \
  }
#define METALHOST_MATH2(name, expression)                        \
  METALHOST_INLINE float name(float x, float y) {                \
    return expression;                                           \
  }                                                              \
  METALHOST_INLINE half name(half a, half b) {                   \
    float x = a, y = b;                                          \
    return half(expression);                                     \
  }                                                              \
  template <class B, enable_if_t<is_same_v<B, bfloat>, int> = 0> \
  METALHOST_INLINE float name(B a, B b) {                        \
    float x = a, y = b;                                          \
    return expression;                                           \
  }                                                              \
  METALHOST_MAP2(name)
#define METALHOST_POWERS                                                   \
  METALHOST_MATH2(pow, __builtin_powf(x, y))                               \
  METALHOST_MATH2(powr, x < 0 ? __builtin_nanf("") : __builtin_powf(x, y)) \
  METALHOST_MATH2(atan2, __builtin_atan2f(x, y))                           \
  METALHOST_MATH2(fmod, __builtin_fmodf(x, y))                             \
  METALHOST_MATH2(divide, x / y)                                           \
  METALHOST_MATH2(fmin, __builtin_fminf(x, y))                             \
  METALHOST_MATH2(fmax, __builtin_fmaxf(x, y))
METALHOST_POWERS
METALHOST_MATH2(copysign, __builtin_copysignf(x, y))
METALHOST_MATH2(step, y < x ? 0.0f : 1.0f)
METALHOST_MATH2(nextafter, __builtin_nextafterf(x, y))
METALHOST_INLINE float ldexp(float x, int n) {
  return __builtin_ldexpf(x, n);
}
METALHOST_INLINE half ldexp(half x, int n) {
  return half(__builtin_ldexpf(float(x), n));
}
METALHOST_INLINE float frexp(float x, int& exponent) {
  return __builtin_frexpf(x, &exponent);
}
METALHOST_INLINE half frexp(half x, int& exponent) {
  return half(__builtin_frexpf(float(x), &exponent));
}

// min and max take two values of one type.
#define METALHOST_EXTREME(name, op, fallback)                     \
  template <class T, enable_if_t<is_scalar_v<T>, int> = 0>        \
  METALHOST_INLINE constexpr detail::computed<T> name(T a, T b) { \
    if constexpr (is_floating_point_v<T>) {                       \
      return detail::computed<T>(fallback(float(a), float(b)));   \
    } else {                                                      \
      return a op b ? a : b;                                      \
    }                                                             \
  }                                                               \
  METALHOST_MAP2(name)                                            \
  template <class T>                                              \
  METALHOST_INLINE T name##3(T a, T b, T c) {                     \
    return name(name(a, b), c);                                   \
  }
METALHOST_EXTREME(min, <, __builtin_fminf)
METALHOST_EXTREME(max, >, __builtin_fmaxf)
template <class T>
METALHOST_INLINE T median3(T a, T b, T c) {
  return max(min(a, b), min(max(a, b), c));
}
template <class T>
METALHOST_INLINE T fmin3(T a, T b, T c) {
  return fmin(fmin(a, b), c);
}
template <class T>
METALHOST_INLINE T fmax3(T a, T b, T c) {
  return fmax(fmax(a, b), c);
}
template <class T>
METALHOST_INLINE T fmedian3(T a, T b, T c) {
  return fmax(fmin(a, b), fmin(fmax(a, b), c));
}
template <class T, enable_if_t<is_scalar_v<T>, int> = 0>
METALHOST_INLINE detail::computed<T> abs(T a) {
  return a < T(0) ? T(-a) : a;
}
METALHOST_MAP1(abs)
template <class T, class L, class H>
METALHOST_INLINE detail::computed<T> clamp(T x, L low, H high) {
  using C = detail::computed<T>;
  return min(max(C(x), C(low)), C(high));
}
template <class T, enable_if_t<is_floating_point_v<T>, int> = 0>
METALHOST_INLINE detail::computed<T> fma(T a, T b, T c) {
  return detail::computed<T>(__builtin_fmaf(float(a), float(b), float(c)));
}
template <class T, int N>
METALHOST_INLINE vec<T, N> fma(const vec<T, N>& a, const vec<T, N>& b, const vec<T, N>& c) {
  vec<T, N> r;
  for (int i = 0; i < N; ++i) r[i] = fma(a[i], b[i], c[i]);
  return r;
}
template <class T, class A>
METALHOST_INLINE T mix(T a, T b, A t) {
  return a + (b - a) * t;
}
template <class T>
METALHOST_INLINE T smoothstep(T low, T high, T x) {
  T t = clamp((x - low) / (high - low), T(0), T(1));
  return t * t * (T(3) - T(2) * t);
}
template <class T>
METALHOST_INLINE T sincos(T x, T& c) {
  c = cos(x);
  return sin(x);
}
#define METALHOST_CLASSIFY(name, builtin)                          \
  template <class T, enable_if_t<is_floating_point_v<T>, int> = 0> \
  METALHOST_INLINE bool name(T x) {                                \
    return builtin(float(x));                                      \
  }                                                                \
  METALHOST_MAP1(name)
METALHOST_CLASSIFY(isnan, __builtin_isnan)
METALHOST_CLASSIFY(isinf, __builtin_isinf)
METALHOST_CLASSIFY(isfinite, __builtin_isfinite)
METALHOST_CLASSIFY(signbit, __builtin_signbit)
template <class T, enable_if_t<is_scalar_v<T>, int> = 0>
METALHOST_INLINE T select(T a, T b, bool c) {
  return c ? b : a;
}
template <class T, int N>
METALHOST_INLINE vec<T, N> select(const vec<T, N>& a, const vec<T, N>& b, const vec<bool, N>& c) {
  vec<T, N> r;
  for (int i = 0; i < N; ++i) r[i] = c[i] ? b[i] : a[i];
  return r;
}
METALHOST_INLINE bool any(bool b) {
  return b;
}
METALHOST_INLINE bool all(bool b) {
  return b;
}
template <int N>
METALHOST_INLINE bool any(const vec<bool, N>& v) {
  bool r = false;
  for (int i = 0; i < N; ++i) r = r || v[i];
  return r;
}
template <int N>
METALHOST_INLINE bool all(const vec<bool, N>& v) {
  bool r = true;
  for (int i = 0; i < N; ++i) r = r && v[i];
  return r;
}
template <class A, class B, enable_if_t<(detail::lanes<A> > 0), int> = 0>
METALHOST_INLINE auto dot(const A& a, const B& b) {
  using S = detail::element<A>;
  S sum = S(0);
  for (int i = 0; i < detail::lanes<A>; ++i) sum = S(sum + S(a[i] * b[i]));
  return sum;
}
template <class T, int N>
METALHOST_INLINE T length_squared(const vec<T, N>& a) {
  return dot(a, a);
}
template <class T, int N>
METALHOST_INLINE T length(const vec<T, N>& a) {
  return sqrt(dot(a, a));
}
template <class T, int N>
METALHOST_INLINE vec<T, N> normalize(const vec<T, N>& a) {
  return a * rsqrt(dot(a, a));
}
template <class T, enable_if_t<is_integral_v<T>, int> = 0>
METALHOST_INLINE T popcount(T x) {
  return T(__builtin_popcountll(make_unsigned_t<T>(x)));
}
template <class T, enable_if_t<is_integral_v<T>, int> = 0>
METALHOST_INLINE T clz(T x) {
  int n = 0;
  while (n < int(sizeof(T)) * 8 && !((make_unsigned_t<T>(x) >> (sizeof(T) * 8 - 1 - n)) & 1)) ++n;
  return T(n);
}
template <class T, enable_if_t<is_integral_v<T>, int> = 0>
METALHOST_INLINE T ctz(T x) {
  int n = 0;
  while (n < int(sizeof(T)) * 8 && !((make_unsigned_t<T>(x) >> n) & 1)) ++n;
  return T(n);
}
template <class T>
METALHOST_INLINE T rotate(T x, T by) {
  constexpr T bits = sizeof(T) * 8;
  by &= bits - 1;
  return by == 0 ? x : T((make_unsigned_t<T>(x) << by) | (make_unsigned_t<T>(x) >> (bits - by)));
}
template <class T>
METALHOST_INLINE T mulhi(T a, T b) {
  return T((__int128(a) * __int128(b)) >> (sizeof(T) * 8));
}
template <class T>
METALHOST_INLINE T extract_bits(T x, uint offset, uint bits) {
  return bits >= sizeof(T) * 8 ? x : T((x >> offset) & ((T(1) << bits) - 1));
}

namespace precise {
METALHOST_ELEMENTARY
METALHOST_POWERS
using metal::abs;
using metal::clamp;
using metal::fma;
using metal::max;
using metal::min;
using metal::sincos;
}  // namespace precise
// As loose as Metal's table of fast functions allows: arguments and results lose their last bits.
namespace fast {
METALHOST_INLINE float loosened(float x) {
  return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, x) & ~1u);
}
#undef METALHOST_MATH1
#define METALHOST_MATH1(name, expression)                                              \
  METALHOST_INLINE float name(float x) {                                               \
    return loosened(expression);                                                       \
  }                                                                                    \
  template <class A, enable_if_t<is_same_v<A, half> || is_same_v<A, bfloat>, int> = 0> \
  METALHOST_INLINE A name(A a) {                                                       \
    return A(name(float(a)));                                                          \
  }                                                                                    \
  METALHOST_MAP1(name)
METALHOST_ELEMENTARY
METALHOST_POWERS
using metal::abs;
using metal::clamp;
using metal::fma;
using metal::max;
using metal::min;
}  // namespace fast

}  // namespace metal
