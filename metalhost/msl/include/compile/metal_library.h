// The Metal standard library for the host: types, mathematics, and what threads do together.
// Source of names and meanings: the Metal Shading Language Specification, version 3.1.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "metalhost_interface.h"
#undef isnan
#undef isinf
#undef isfinite
#undef signbit
#undef isnormal
#undef fmax
#undef fmin

using uchar = unsigned char;
using ushort = unsigned short;
using uint = unsigned int;
using ulong = unsigned long;
using half = _Float16;
using bfloat = __bf16;

// libgcc 12 lacks this conversion: to nearest, ties to even.
extern "C" inline __attribute__((used, visibility("hidden"))) __bf16 __truncsfbf2(float value) {
  uint32_t bits = __builtin_bit_cast(uint32_t, value);
  uint16_t result = (bits & 0x7fffffffu) > 0x7f800000u ? uint16_t((bits >> 16) | 0x40)
                                                       : uint16_t((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
  return __builtin_bit_cast(__bf16, result);
}

#define METALHOST_INLINE inline __attribute__((always_inline))

namespace metal {

// Types.
template <class T, T v>
struct integral_constant {
  static constexpr T value = v;
  using value_type = T;
  using type = integral_constant;
  constexpr operator T() const { return v; }
  constexpr T operator()() const { return v; }
};
template <bool B>
using bool_constant = integral_constant<bool, B>;
using true_type = bool_constant<true>;
using false_type = bool_constant<false>;
template <class A, class B>
struct is_same : bool_constant<__is_same(A, B)> {};
template <class A, class B>
inline constexpr bool is_same_v = __is_same(A, B);
template <bool B, class T = void>
struct enable_if {};
template <class T>
struct enable_if<true, T> {
  using type = T;
};
template <bool B, class T = void>
using enable_if_t = typename enable_if<B, T>::type;
template <bool B, class T, class F>
struct conditional {
  using type = T;
};
template <class T, class F>
struct conditional<false, T, F> {
  using type = F;
};
template <bool B, class T, class F>
using conditional_t = typename conditional<B, T, F>::type;
template <class T>
using remove_reference_t = __remove_reference_t(T);
template <class T>
using remove_cv_t = __remove_cv(T);
template <class T>
struct remove_reference {
  using type = remove_reference_t<T>;
};
template <class T>
struct remove_cv {
  using type = remove_cv_t<T>;
};
template <class T>
using remove_const_t = remove_cv_t<T>;
template <class T>
using decay_t = remove_cv_t<remove_reference_t<T>>;
template <class T>
struct is_floating_point : bool_constant<is_same_v<remove_cv_t<T>, float> || is_same_v<remove_cv_t<T>, half> ||
                                         is_same_v<remove_cv_t<T>, bfloat>> {};
template <class T>
inline constexpr bool is_floating_point_v = is_floating_point<T>::value;
template <class T>
inline constexpr bool is_integral_v = __is_integral(T);
template <class T>
struct is_integral : bool_constant<is_integral_v<T>> {};
template <class T>
inline constexpr bool is_scalar_v = is_integral_v<T> || is_floating_point_v<T>;
template <class T>
inline constexpr bool is_arithmetic_v = is_scalar_v<T>;
template <class T>
inline constexpr bool is_unsigned_v = __is_unsigned(T);
template <class T>
inline constexpr bool is_signed_v = __is_signed(T) || is_floating_point_v<T>;
template <class A, class B>
inline constexpr bool is_convertible_v = __is_convertible_to(A, B);
template <class T>
struct make_unsigned {
  using type = conditional_t<sizeof(T) == 1, uchar,
                             conditional_t<sizeof(T) == 2, ushort, conditional_t<sizeof(T) == 4, uint, ulong>>>;
};
template <class T>
using make_unsigned_t = typename make_unsigned<T>::type;
template <class T>
T declval();

template <class T, int N>
struct vec;
template <class T, int N>
struct packed_vec;
template <class T, int Slots, int... I>
struct swizzle;

namespace detail {
template <class T>
struct shape {
  using element = T;
  static constexpr int lanes = 0;
};
template <class T, int N>
struct shape<vec<T, N>> {
  using element = T;
  static constexpr int lanes = N;
};
template <class T, int N>
struct shape<packed_vec<T, N>> : shape<vec<T, N>> {};
template <class T, int S, int... I>
struct shape<swizzle<T, S, I...>> : shape<vec<T, int(sizeof...(I))>> {};
template <class T>
using element = typename shape<decay_t<T>>::element;
template <class T>
inline constexpr int lanes = shape<decay_t<T>>::lanes;
template <class T>
using value = conditional_t<lanes<T> == 0, decay_t<T>, vec<element<T>, lanes<T> == 0 ? 1 : lanes<T>>>;
template <class A, class B>
inline constexpr bool are_vectors = (lanes<A> > 0 || lanes<B> > 0) &&
                                    (lanes<A> == 0 || lanes<B> == 0 || lanes<A> == lanes<B>);
// A vector with a scalar has the vector's type.
template <class A, class B>
using common = value<conditional_t<(lanes<A> > 0), A, B>>;
template <class A>
METALHOST_INLINE constexpr auto at(const A& a, int i) {
  if constexpr (lanes<A> == 0) {
    return a;
  } else {
    return a[i];
  }
}
}  // namespace detail

// Letters of a vector picked by name, inside the union that holds them.
template <class T, int Slots, int... I>
struct swizzle {
  T slots[Slots];
  using result = vec<T, int(sizeof...(I))>;
  METALHOST_INLINE constexpr operator result() const { return result(slots[I]...); }
  METALHOST_INLINE swizzle& operator=(const result& v) {
    int k = 0;
    ((slots[I] = v[k++]), ...);
    return *this;
  }
  METALHOST_INLINE swizzle& operator=(const swizzle& other) { return *this = result(other); }
  METALHOST_INLINE constexpr T operator[](int i) const {
    const T picked[] = {slots[I]...};
    return picked[i];
  }
};

#define METALHOST_PAIR(n, a, i, b, j) swizzle<T, n, i, j> a##b;
#define METALHOST_TRIPLE(n, a, i, b, j, c, k) swizzle<T, n, i, j, k> a##b##c;
#define METALHOST_QUAD(n, a, i, b, j, c, k, d, l) swizzle<T, n, i, j, k, l> a##b##c##d;
#define METALHOST_LAST2(M, x, y, ...) M(__VA_ARGS__, x, 0) M(__VA_ARGS__, y, 1)
#define METALHOST_LAST3(M, x, y, z, ...) METALHOST_LAST2(M, x, y, __VA_ARGS__) M(__VA_ARGS__, z, 2)
#define METALHOST_LAST4(M, x, y, z, w, ...) METALHOST_LAST3(M, x, y, z, __VA_ARGS__) M(__VA_ARGS__, w, 3)
#define METALHOST_THIRD2(M, x, y, ...) \
  METALHOST_LAST2(M, x, y, __VA_ARGS__, x, 0) METALHOST_LAST2(M, x, y, __VA_ARGS__, y, 1)
#define METALHOST_THIRD3(M, x, y, z, ...)        \
  METALHOST_LAST3(M, x, y, z, __VA_ARGS__, x, 0) \
  METALHOST_LAST3(M, x, y, z, __VA_ARGS__, y, 1) METALHOST_LAST3(M, x, y, z, __VA_ARGS__, z, 2)
#define METALHOST_THIRD4(M, x, y, z, w, ...)                                                          \
  METALHOST_LAST4(M, x, y, z, w, __VA_ARGS__, x, 0)                                                   \
  METALHOST_LAST4(M, x, y, z, w, __VA_ARGS__, y, 1) METALHOST_LAST4(M, x, y, z, w, __VA_ARGS__, z, 2) \
      METALHOST_LAST4(M, x, y, z, w, __VA_ARGS__, w, 3)
#define METALHOST_SECOND2(M, x, y, ...) \
  METALHOST_THIRD2(M, x, y, __VA_ARGS__, x, 0) METALHOST_THIRD2(M, x, y, __VA_ARGS__, y, 1)
#define METALHOST_SECOND3(M, x, y, z, ...)        \
  METALHOST_THIRD3(M, x, y, z, __VA_ARGS__, x, 0) \
  METALHOST_THIRD3(M, x, y, z, __VA_ARGS__, y, 1) METALHOST_THIRD3(M, x, y, z, __VA_ARGS__, z, 2)
#define METALHOST_SECOND4(M, x, y, z, w, ...)                                                           \
  METALHOST_THIRD4(M, x, y, z, w, __VA_ARGS__, x, 0)                                                    \
  METALHOST_THIRD4(M, x, y, z, w, __VA_ARGS__, y, 1) METALHOST_THIRD4(M, x, y, z, w, __VA_ARGS__, z, 2) \
      METALHOST_THIRD4(M, x, y, z, w, __VA_ARGS__, w, 3)
#define METALHOST_SWIZZLES2(x, y)                                                               \
  METALHOST_THIRD2(METALHOST_PAIR, x, y, 2)                                                     \
  METALHOST_SECOND2(METALHOST_TRIPLE, x, y, 2) METALHOST_SECOND2(METALHOST_QUAD, x, y, 2, x, 0) \
      METALHOST_SECOND2(METALHOST_QUAD, x, y, 2, y, 1)
#define METALHOST_SWIZZLES3(x, y, z)                                                                  \
  METALHOST_THIRD3(METALHOST_PAIR, x, y, z, 4)                                                        \
  METALHOST_SECOND3(METALHOST_TRIPLE, x, y, z, 4) METALHOST_SECOND3(METALHOST_QUAD, x, y, z, 4, x, 0) \
      METALHOST_SECOND3(METALHOST_QUAD, x, y, z, 4, y, 1) METALHOST_SECOND3(METALHOST_QUAD, x, y, z, 4, z, 2)
#define METALHOST_SWIZZLES4(x, y, z, w)                                                                             \
  METALHOST_THIRD4(METALHOST_PAIR, x, y, z, w, 4)                                                                   \
  METALHOST_SECOND4(METALHOST_TRIPLE, x, y, z, w, 4) METALHOST_SECOND4(METALHOST_QUAD, x, y, z, w, 4, x, 0)         \
      METALHOST_SECOND4(METALHOST_QUAD, x, y, z, w, 4, y, 1) METALHOST_SECOND4(METALHOST_QUAD, x, y, z, w, 4, z, 2) \
          METALHOST_SECOND4(METALHOST_QUAD, x, y, z, w, 4, w, 3)

#define METALHOST_VECTOR_MEMBERS(N)                                                                             \
  using element_type = T;                                                                                       \
  vec() = default;                                                                                              \
  METALHOST_INLINE constexpr vec(const vec& o) : slots{} {                                                      \
    for (int i = 0; i < N; ++i) slots[i] = o.slots[i];                                                          \
  }                                                                                                             \
  METALHOST_INLINE constexpr vec& operator=(const vec& o) {                                                     \
    for (int i = 0; i < N; ++i) slots[i] = o.slots[i];                                                          \
    return *this;                                                                                               \
  }                                                                                                             \
  template <class U, enable_if_t<is_scalar_v<U>, int> = 0>                                                      \
  METALHOST_INLINE constexpr vec(U s) : slots{} {                                                               \
    for (int i = 0; i < N; ++i) slots[i] = T(s);                                                                \
  }                                                                                                             \
  template <class U, enable_if_t<detail::lanes<U> == N && !is_same_v<U, vec>, int> = 0>                         \
  METALHOST_INLINE constexpr explicit(!is_same_v<detail::element<U>, T>) vec(const U& o) : slots{} {            \
    for (int i = 0; i < N; ++i) slots[i] = T(o[i]);                                                             \
  }                                                                                                             \
  template <class A, class B, class... R>                                                                       \
  METALHOST_INLINE constexpr vec(const A& a, const B& b, const R&... rest) : slots{} {                          \
    static_assert((detail::lanes<A> + (detail::lanes<A> == 0)) + (detail::lanes<B> + (detail::lanes<B> == 0)) + \
                          (0 + ... + (detail::lanes<R> + (detail::lanes<R> == 0))) ==                           \
                      N,                                                                                        \
                  "a vector is made of as many scalars as it has elements");                                    \
    int k = 0;                                                                                                  \
    put(k, a);                                                                                                  \
    put(k, b);                                                                                                  \
    (put(k, rest), ...);                                                                                        \
  }                                                                                                             \
  template <class A>                                                                                            \
  METALHOST_INLINE constexpr void put(int& k, const A& a) {                                                     \
    if constexpr (detail::lanes<A> == 0) {                                                                      \
      slots[k++] = T(a);                                                                                        \
    } else {                                                                                                    \
      for (int i = 0; i < detail::lanes<A>; ++i) slots[k++] = T(a[i]);                                          \
    }                                                                                                           \
  }                                                                                                             \
  METALHOST_INLINE constexpr T& operator[](int i) {                                                             \
    return slots[i];                                                                                            \
  }                                                                                                             \
  METALHOST_INLINE constexpr const T& operator[](int i) const {                                                 \
    return slots[i];                                                                                            \
  }

template <class T>
struct alignas(2 * sizeof(T)) vec<T, 2> {
  union {
    T slots[2];
    struct {
      T x, y;
    };
    struct {
      T r, g;
    };
    METALHOST_SWIZZLES2(x, y)
    METALHOST_SWIZZLES2(r, g)
  };
  METALHOST_VECTOR_MEMBERS(2)
};
template <class T>
struct alignas(4 * sizeof(T)) vec<T, 3> {
  union {
    T slots[4];
    struct {
      T x, y, z;
    };
    struct {
      T r, g, b;
    };
    METALHOST_SWIZZLES3(x, y, z)
    METALHOST_SWIZZLES3(r, g, b)
  };
  METALHOST_VECTOR_MEMBERS(3)
};
template <class T>
struct alignas(4 * sizeof(T)) vec<T, 4> {
  union {
    T slots[4];
    struct {
      T x, y, z, w;
    };
    struct {
      T r, g, b, a;
    };
    METALHOST_SWIZZLES4(x, y, z, w)
    METALHOST_SWIZZLES4(r, g, b, a)
  };
  METALHOST_VECTOR_MEMBERS(4)
};

template <class T, int N>
struct packed_vec {
  T slots[N];
  packed_vec() = default;
  METALHOST_INLINE packed_vec(const vec<T, N>& v) {
    for (int i = 0; i < N; ++i) slots[i] = v[i];
  }
  template <class... A, enable_if_t<sizeof...(A) == N && N != 1, int> = 0>
  METALHOST_INLINE packed_vec(A... a) : slots{T(a)...} {}
  METALHOST_INLINE T& operator[](int i) { return slots[i]; }
  METALHOST_INLINE const T& operator[](int i) const { return slots[i]; }
};

#define METALHOST_OPERATOR(op)                                                                                         \
  template <class A, class B, enable_if_t<detail::are_vectors<A, B>, int> = 0>                                         \
  METALHOST_INLINE constexpr auto operator op(const A& a, const B& b) {                                                \
    using R = detail::common<A, B>;                                                                                    \
    using S = detail::element<R>;                                                                                      \
    static_assert(detail::lanes<A> == 0 || detail::lanes<B> == 0 || is_same_v<detail::element<A>, detail::element<B>>, \
                  "vectors of different types are not mixed");                                                         \
    R r;                                                                                                               \
    for (int i = 0; i < detail::lanes<R>; ++i) r[i] = S(S(detail::at(a, i)) op S(detail::at(b, i)));                   \
    return r;                                                                                                          \
  }                                                                                                                    \
  template <class A, class B, enable_if_t<(detail::lanes<A> > 0), int> = 0>                                            \
  METALHOST_INLINE constexpr A& operator op##=(A& a, const B& b) {                                                     \
    a = a op b;                                                                                                        \
    return a;                                                                                                          \
  }
METALHOST_OPERATOR(+)
METALHOST_OPERATOR(-)
METALHOST_OPERATOR(*)
METALHOST_OPERATOR(/)
METALHOST_OPERATOR(%)
METALHOST_OPERATOR(&)
METALHOST_OPERATOR(|)
METALHOST_OPERATOR(^)
METALHOST_OPERATOR(<<)
METALHOST_OPERATOR(>>)
#undef METALHOST_OPERATOR
#define METALHOST_COMPARISON(op)                                                                  \
  template <class A, class B, enable_if_t<detail::are_vectors<A, B>, int> = 0>                    \
  METALHOST_INLINE constexpr auto operator op(const A& a, const B& b) {                           \
    using R = detail::common<A, B>;                                                               \
    using S = detail::element<R>;                                                                 \
    vec<bool, detail::lanes<R>> r;                                                                \
    for (int i = 0; i < detail::lanes<R>; ++i) r[i] = S(detail::at(a, i)) op S(detail::at(b, i)); \
    return r;                                                                                     \
  }
METALHOST_COMPARISON(<)
METALHOST_COMPARISON(>)
METALHOST_COMPARISON(<=)
METALHOST_COMPARISON(>=)
METALHOST_COMPARISON(==)
METALHOST_COMPARISON(!=)
METALHOST_COMPARISON(&&)
METALHOST_COMPARISON(||)
#undef METALHOST_COMPARISON
#define METALHOST_UNARY(op, R)                                     \
  template <class A, enable_if_t<(detail::lanes<A> > 0), int> = 0> \
  METALHOST_INLINE constexpr auto operator op(const A& a) {        \
    vec<R, detail::lanes<A>> r;                                    \
    for (int i = 0; i < detail::lanes<A>; ++i) r[i] = R(op a[i]);  \
    return r;                                                      \
  }
METALHOST_UNARY(-, detail::element<A>)
METALHOST_UNARY(+, detail::element<A>)
METALHOST_UNARY(~, detail::element<A>)
METALHOST_UNARY(!, bool)
#undef METALHOST_UNARY

#define METALHOST_VECTORS(t)              \
  using t##2 = vec<t, 2>;                 \
  using t##3 = vec<t, 3>;                 \
  using t##4 = vec<t, 4>;                 \
  using packed_##t##2 = packed_vec<t, 2>; \
  using packed_##t##3 = packed_vec<t, 3>; \
  using packed_##t##4 = packed_vec<t, 4>;
METALHOST_VECTORS(bool)
METALHOST_VECTORS(char)
METALHOST_VECTORS(uchar)
METALHOST_VECTORS(short)
METALHOST_VECTORS(ushort)
METALHOST_VECTORS(int)
METALHOST_VECTORS(uint)
METALHOST_VECTORS(long)
METALHOST_VECTORS(ulong)
METALHOST_VECTORS(half)
METALHOST_VECTORS(bfloat)
METALHOST_VECTORS(float)
#undef METALHOST_VECTORS

template <class T, int Columns, int Rows>
struct matrix {
  vec<T, Rows> columns[Columns];
  matrix() = default;
  METALHOST_INLINE explicit matrix(T diagonal) {
    for (int i = 0; i < Columns; ++i) {
      for (int j = 0; j < Rows; ++j) columns[i][j] = i == j ? diagonal : T(0);
    }
  }
  template <class... A, enable_if_t<sizeof...(A) == Columns, int> = 0>
  METALHOST_INLINE matrix(const A&... a) : columns{vec<T, Rows>(a)...} {}
  METALHOST_INLINE vec<T, Rows>& operator[](int i) { return columns[i]; }
  METALHOST_INLINE const vec<T, Rows>& operator[](int i) const { return columns[i]; }
};
template <class T, int C, int R>
METALHOST_INLINE vec<T, R> operator*(const matrix<T, C, R>& m, const vec<T, C>& v) {
  vec<T, R> r(T(0));
  for (int i = 0; i < C; ++i) r += m[i] * v[i];
  return r;
}
#define METALHOST_MATRICES(t)     \
  using t##2x2 = matrix<t, 2, 2>; \
  using t##2x4 = matrix<t, 2, 4>; \
  using t##4x2 = matrix<t, 4, 2>; \
  using t##3x3 = matrix<t, 3, 3>; \
  using t##4x4 = matrix<t, 4, 4>;
METALHOST_MATRICES(half)
METALHOST_MATRICES(float)
#undef METALHOST_MATRICES

template <class T, size_t N>
struct array {
  T items[N];
  METALHOST_INLINE constexpr T& operator[](size_t i) { return items[i]; }
  METALHOST_INLINE constexpr const T& operator[](size_t i) const { return items[i]; }
  METALHOST_INLINE constexpr size_t size() const { return N; }
};

template <class R, class S>
METALHOST_INLINE R as_type(const S& s) {
  static_assert(sizeof(R) == sizeof(S), "as_type: the types differ in size");
  R r;
  __builtin_memcpy(&r, &s, sizeof r);
  return r;
}

template <class T>
struct numeric_limits {
  static constexpr bool is_integer = true, is_signed = __is_signed(T);
  static constexpr int digits = int(sizeof(T) * 8) - is_signed;
  static constexpr T max() { return is_signed ? T((uint64_t(1) << (sizeof(T) * 8 - 1)) - 1) : T(~T(0)); }
  static constexpr T min() { return is_signed ? T(-max() - 1) : T(0); }
  static constexpr T lowest() { return min(); }
};
#define METALHOST_LIMITS(t, largest, smallest, eps, bits)              \
  template <>                                                          \
  struct numeric_limits<t> {                                           \
    static constexpr bool is_integer = false, is_signed = true;        \
    static constexpr int digits = bits;                                \
    static constexpr t max() { return t(largest); }                    \
    static constexpr t lowest() { return t(-(largest)); }              \
    static constexpr t min() { return t(smallest); }                   \
    static constexpr t epsilon() { return t(eps); }                    \
    static constexpr t infinity() { return t(__builtin_huge_valf()); } \
    static constexpr t quiet_NaN() { return t(__builtin_nanf("")); }   \
  };
METALHOST_LIMITS(float, 3.40282346638528859812e+38f, 1.17549435082228750797e-38f, 1.1920928955078125e-7f, 24)
METALHOST_LIMITS(half, 65504.0f, 6.103515625e-5f, 9.765625e-4f, 11)
METALHOST_LIMITS(bfloat, 3.38953138925153547590e+38f, 1.17549435082228750797e-38f, 7.8125e-3f, 8)
#undef METALHOST_LIMITS

// Mathematics: in float, rounded once to the type; element by element for vectors.
#define METALHOST_MAP1(name)                                       \
  template <class A, enable_if_t<(detail::lanes<A> > 0), int> = 0> \
  METALHOST_INLINE auto name(const A& a) {                         \
    vec<decltype(name(detail::element<A>())), detail::lanes<A>> r; \
    for (int i = 0; i < detail::lanes<A>; ++i) r[i] = name(a[i]);  \
    return r;                                                      \
  }
#define METALHOST_MATH1(name, expression)                    \
  METALHOST_INLINE float name(float x) {                     \
    return expression;                                       \
  }                                                          \
  METALHOST_INLINE half name(half h) {                       \
    float x = h;                                             \
    return half(expression);                                 \
  }                                                          \
  METALHOST_INLINE bfloat name(bfloat h) {                   \
    float x = h;                                             \
    return bfloat(expression);                               \
  }                                                          \
  template <class I, enable_if_t<is_integral_v<I>, int> = 0> \
  METALHOST_INLINE float name(I i) {                         \
    float x = float(i);                                      \
    return expression;                                       \
  }                                                          \
  METALHOST_MAP1(name)
#define METALHOST_ELEMENTARY                                  \
  METALHOST_MATH1(exp, ::expf(x))                             \
  METALHOST_MATH1(exp2, ::exp2f(x))                           \
  METALHOST_MATH1(exp10, ::exp10f(x))                         \
  METALHOST_MATH1(log, ::logf(x))                             \
  METALHOST_MATH1(log2, ::log2f(x))                           \
  METALHOST_MATH1(log10, ::log10f(x))                         \
  METALHOST_MATH1(sin, ::sinf(x))                             \
  METALHOST_MATH1(cos, ::cosf(x))                             \
  METALHOST_MATH1(tan, ::tanf(x))                             \
  METALHOST_MATH1(sinh, ::sinhf(x))                           \
  METALHOST_MATH1(cosh, ::coshf(x))                           \
  METALHOST_MATH1(tanh, ::tanhf(x))                           \
  METALHOST_MATH1(asin, ::asinf(x))                           \
  METALHOST_MATH1(acos, ::acosf(x))                           \
  METALHOST_MATH1(atan, ::atanf(x))                           \
  METALHOST_MATH1(asinh, ::asinhf(x))                         \
  METALHOST_MATH1(acosh, ::acoshf(x))                         \
  METALHOST_MATH1(atanh, ::atanhf(x))                         \
  METALHOST_MATH1(sinpi, ::sinf(x * 3.14159265358979323846f)) \
  METALHOST_MATH1(cospi, ::cosf(x * 3.14159265358979323846f)) \
  METALHOST_MATH1(sqrt, __builtin_sqrtf(x))                   \
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

#define METALHOST_MAP2(name)                                                                          \
  template <class A, class B, enable_if_t<detail::are_vectors<A, B>, int> = 0>                        \
  METALHOST_INLINE auto name(const A& a, const B& b) {                                                \
    using R = detail::common<A, B>;                                                                   \
    using S = detail::element<R>;                                                                     \
    R r;                                                                                              \
    for (int i = 0; i < detail::lanes<R>; ++i) r[i] = name(S(detail::at(a, i)), S(detail::at(b, i))); \
    return r;                                                                                         \
  }
#define METALHOST_MATH2(name, expression)            \
  METALHOST_INLINE float name(float x, float y) {    \
    return expression;                               \
  }                                                  \
  METALHOST_INLINE half name(half a, half b) {       \
    float x = a, y = b;                              \
    return half(expression);                         \
  }                                                  \
  METALHOST_INLINE bfloat name(bfloat a, bfloat b) { \
    float x = a, y = b;                              \
    return bfloat(expression);                       \
  }                                                  \
  METALHOST_MAP2(name)
#define METALHOST_POWERS                                           \
  METALHOST_MATH2(pow, ::powf(x, y))                               \
  METALHOST_MATH2(powr, x < 0 ? __builtin_nanf("") : ::powf(x, y)) \
  METALHOST_MATH2(atan2, ::atan2f(x, y))                           \
  METALHOST_MATH2(fmod, ::fmodf(x, y))                             \
  METALHOST_MATH2(divide, x / y)                                   \
  METALHOST_MATH2(fmin, __builtin_fminf(x, y))                     \
  METALHOST_MATH2(fmax, __builtin_fmaxf(x, y))
METALHOST_POWERS
METALHOST_MATH2(copysign, __builtin_copysignf(x, y))
METALHOST_MATH2(step, y < x ? 0.0f : 1.0f)
METALHOST_INLINE float ldexp(float x, int n) {
  return ::ldexpf(x, n);
}

// min and max take two values of one type.
#define METALHOST_EXTREME(name, op, fallback)              \
  template <class T, enable_if_t<is_scalar_v<T>, int> = 0> \
  METALHOST_INLINE constexpr T name(T a, T b) {            \
    if constexpr (is_floating_point_v<T>) {                \
      return T(fallback(float(a), float(b)));              \
    } else {                                               \
      return a op b ? a : b;                               \
    }                                                      \
  }                                                        \
  METALHOST_MAP2(name)                                     \
  template <class T>                                       \
  METALHOST_INLINE T name##3(T a, T b, T c) {              \
    return name(name(a, b), c);                            \
  }
METALHOST_EXTREME(min, <, __builtin_fminf)
METALHOST_EXTREME(max, >, __builtin_fmaxf)
template <class T, enable_if_t<is_scalar_v<T>, int> = 0>
METALHOST_INLINE T abs(T a) {
  return a < T(0) ? T(-a) : a;
}
METALHOST_MAP1(abs)
template <class T, class L, class H>
METALHOST_INLINE T clamp(T x, L low, H high) {
  return min(max(x, T(low)), T(high));
}
template <class T, enable_if_t<is_floating_point_v<T>, int> = 0>
METALHOST_INLINE T fma(T a, T b, T c) {
  return T(__builtin_fmaf(float(a), float(b), float(c)));
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

namespace metalhost {

using msl::Argument;
using msl::ArgumentKind;
inline const msl::Runtime* runtime = nullptr;
extern "C" {
__attribute__((visibility("default"), used)) inline void metalhost_set_runtime(const msl::Runtime* table) {
  runtime = table;
}
// Found in the file by its magic words, and filled before a specialised copy is loaded.
__attribute__((visibility("default"), used)) inline volatile msl::ConstantBlock metalhost_constant_block = {
    "metalhost function constants 1.", {1}, {}};
}
template <class T>
T constant_value(int slot) {
  T value{};
  static_assert(sizeof(T) <= 32);
  auto* from = &metalhost_constant_block.values[slot][0];
  for (size_t i = 0; i < sizeof(T); ++i) reinterpret_cast<unsigned char*>(&value)[i] = from[i];
  return value;
}
inline bool constant_is_set(int slot) {
  return metalhost_constant_block.is_set[slot] == 2;
}
template <class T>
inline constexpr int scalar_type = -1;
template <>
inline constexpr int scalar_type<float> = 3;
template <>
inline constexpr int scalar_type<half> = 16;
template <>
inline constexpr int scalar_type<int> = 29;
template <>
inline constexpr int scalar_type<uint> = 33;
template <>
inline constexpr int scalar_type<short> = 37;
template <>
inline constexpr int scalar_type<ushort> = 41;
template <>
inline constexpr int scalar_type<char> = 45;
template <>
inline constexpr int scalar_type<uchar> = 49;
template <>
inline constexpr int scalar_type<bool> = 53;
template <>
inline constexpr int scalar_type<long> = 81;
template <>
inline constexpr int scalar_type<ulong> = 85;
template <class T>
inline constexpr int data_type = scalar_type<metal::detail::element<T>> +
                                 (metal::detail::lanes<T> > 0 ? metal::detail::lanes<T> - 1 : 0);

template <class P, Argument A>
struct Bind {
  static P get(const msl::ThreadContext& c) {
    const uint32_t* from = pick(c);
    using E = metal::detail::element<P>;
    static_assert(metal::is_same_v<E, uint> || metal::is_same_v<E, ushort>, "a position is of uint or ushort");
    if constexpr (metal::detail::lanes<P> == 0) {
      return P(from[0]);
    } else {
      P value;
      for (int i = 0; i < metal::detail::lanes<P>; ++i) value[i] = E(from[i]);
      return value;
    }
  }
  static const uint32_t* pick(const msl::ThreadContext& c) {
    static thread_local uint32_t derived[3];
    switch (A.kind) {
      case ArgumentKind::thread_position_in_grid:
        return c.position_in_grid;
      case ArgumentKind::thread_position_in_threadgroup:
        return c.position_in_threadgroup;
      case ArgumentKind::threadgroup_position_in_grid:
        return c.threadgroup_position;
      case ArgumentKind::threads_per_threadgroup:
        return c.threads_per_threadgroup;
      case ArgumentKind::dispatch_threads_per_threadgroup:
        return c.dispatch_threads_per_threadgroup;
      case ArgumentKind::threads_per_grid:
        return c.threads_per_grid;
      case ArgumentKind::threadgroups_per_grid:
        return c.threadgroups;
      case ArgumentKind::thread_index_in_threadgroup:
        return c.index_in_threadgroup;
      case ArgumentKind::thread_index_in_simdgroup:
        return c.lane;
      case ArgumentKind::simdgroup_index_in_threadgroup:
        return c.simdgroup;
      case ArgumentKind::simdgroups_per_threadgroup:
        return c.simdgroups;
      case ArgumentKind::threads_per_simdgroup:
        derived[0] = 32;
        return derived;
      case ArgumentKind::thread_index_in_quadgroup:
        derived[0] = c.lane[0] % 4;
        return derived;
      case ArgumentKind::quadgroup_index_in_threadgroup:
        derived[0] = c.index_in_threadgroup[0] / 4;
        return derived;
      case ArgumentKind::buffer:
      case ArgumentKind::threadgroup:
        break;
    }
    __builtin_trap();
  }
};
template <class T, Argument A>
struct Bind<T*, A> {
  static T* get(const msl::ThreadContext& c) {
    return (T*)(A.kind == ArgumentKind::threadgroup ? c.threadgroup[A.index] : c.buffers[A.index]);
  }
};
template <class T, Argument A>
struct Bind<T&, A> {
  static T& get(const msl::ThreadContext& c) { return *Bind<T*, A>::get(c); }
};
template <size_t... I>
struct Indices {};
template <auto F, const auto& Arguments>
struct Launcher;
template <class... P, void (*F)(P...), const auto& Arguments>
struct Launcher<F, Arguments> {
  template <size_t... I>
  static void call(const msl::ThreadContext& c, Indices<I...>) {
    F(Bind<P, Arguments[I]>::get(c)...);
  }
  static void launch(const msl::ThreadContext& c) { call(c, __make_integer_seq_of<sizeof...(P)>()); }
  template <class T, T... I>
  using ToIndices = Indices<I...>;
  template <size_t N>
  static auto __make_integer_seq_of() {
    return __make_integer_seq<ToIndices, size_t, N>();
  }
};

}  // namespace metalhost

#define METALHOST_SITE const char *file_ = __builtin_FILE(), int line_ = __builtin_LINE()

namespace metal {

// What threads do together.
enum class mem_flags : uint {
  mem_none = 0,
  mem_device = 1,
  mem_threadgroup = 2,
  mem_texture = 4,
  mem_threadgroup_imageblock = 8
};
METALHOST_INLINE mem_flags operator|(mem_flags a, mem_flags b) {
  return mem_flags(uint(a) | uint(b));
}
enum memory_order { memory_order_relaxed, memory_order_seq_cst };
enum thread_scope { thread_scope_thread, thread_scope_simdgroup, thread_scope_threadgroup, thread_scope_device };
METALHOST_INLINE void threadgroup_barrier(mem_flags, METALHOST_SITE) {
  metalhost::runtime->threadgroup_barrier({"threadgroup_barrier", file_, line_});
}
METALHOST_INLINE void simdgroup_barrier(mem_flags, METALHOST_SITE) {
  metalhost::runtime->simdgroup_barrier({"simdgroup_barrier", file_, line_});
}
METALHOST_INLINE void atomic_thread_fence(mem_flags, memory_order = memory_order_seq_cst,
                                          thread_scope = thread_scope_device) {}

namespace detail {
template <class T>
METALHOST_INLINE T slot(const metalhost::msl::Exchange& e, int lane) {
  T r;
  __builtin_memcpy(&r, e.slots + lane * metalhost::msl::kSlotBytes, sizeof(T));
  return r;
}
template <class T>
METALHOST_INLINE metalhost::msl::Exchange exchange(const T& v, const char* what, const char* file, int line) {
  static_assert(sizeof(T) <= metalhost::msl::kSlotBytes, "too large for a SIMD-group operation");
  return metalhost::runtime->exchange(&v, sizeof(T), {what, file, line});
}
// What a lane that takes no part would give is undefined in Metal: the own value here.
template <class T>
METALHOST_INLINE T pick(const metalhost::msl::Exchange& e, int lane, const T& own) {
  return lane >= 0 && lane < 32 && ((e.mask >> lane) & 1) ? slot<T>(e, lane) : own;
}
METALHOST_INLINE int lane() {
  return int(metalhost::runtime->lane());
}
}  // namespace detail

#define METALHOST_SHUFFLE(name, source)                              \
  template <class A>                                                 \
  METALHOST_INLINE auto name(const A& a, ushort n, METALHOST_SITE) { \
    using T = detail::value<A>;                                      \
    T v(a);                                                          \
    auto e = detail::exchange(v, #name, file_, line_);               \
    int self = detail::lane();                                       \
    (void)self;                                                      \
    return detail::pick<T>(e, source, v);                            \
  }
METALHOST_SHUFFLE(simd_shuffle, int(n))
METALHOST_SHUFFLE(simd_broadcast, int(n))
METALHOST_SHUFFLE(simd_shuffle_xor, self ^ int(n))
METALHOST_SHUFFLE(simd_shuffle_up, self - int(n))
METALHOST_SHUFFLE(simd_shuffle_down, self + int(n))
METALHOST_SHUFFLE(simd_shuffle_rotate_up, (self - int(n)) & 31)
METALHOST_SHUFFLE(simd_shuffle_rotate_down, (self + int(n)) & 31)
METALHOST_SHUFFLE(quad_broadcast, (self & ~3) + int(n))
METALHOST_SHUFFLE(quad_shuffle, (self & ~3) + int(n))
METALHOST_SHUFFLE(quad_shuffle_xor, (self & ~3) + ((self ^ int(n)) & 3))
METALHOST_SHUFFLE(quad_shuffle_up, (self & 3) < int(n) ? self : self - int(n))
METALHOST_SHUFFLE(quad_shuffle_down, (self & 3) + int(n) > 3 ? self : self + int(n))
#undef METALHOST_SHUFFLE
template <class T>
METALHOST_INLINE T simd_shuffle_and_fill_up(T v, T fill, ushort n, METALHOST_SITE) {
  auto e = detail::exchange(v, "simd_shuffle_and_fill_up", file_, line_);
  int from = detail::lane() - int(n);
  return from < 0 ? fill : detail::pick<T>(e, from, v);
}
template <class T>
METALHOST_INLINE T simd_shuffle_and_fill_down(T v, T fill, ushort n, METALHOST_SITE) {
  auto e = detail::exchange(v, "simd_shuffle_and_fill_down", file_, line_);
  int from = detail::lane() + int(n);
  return from > 31 ? fill : detail::pick<T>(e, from, v);
}
template <class T>
METALHOST_INLINE T simd_broadcast_first(T v, METALHOST_SITE) {
  auto e = detail::exchange(v, "simd_broadcast_first", file_, line_);
  return detail::slot<T>(e, __builtin_ctz(e.mask));
}
METALHOST_INLINE bool simd_is_first(METALHOST_SITE) {
  auto e = detail::exchange(false, "simd_is_first", file_, line_);
  return detail::lane() == __builtin_ctz(e.mask);
}

// Reductions in the order of a butterfly over the lanes that take part.
#define METALHOST_REDUCE(name, first, count, expression)        \
  template <class A>                                            \
  METALHOST_INLINE auto name(const A& value, METALHOST_SITE) {  \
    using T = detail::value<A>;                                 \
    auto e = detail::exchange(T(value), #name, file_, line_);   \
    T part[32];                                                 \
    int n = 0;                                                  \
    for (int i = first; i < first + count; ++i) {               \
      if ((e.mask >> i) & 1) part[n++] = detail::slot<T>(e, i); \
    }                                                           \
    while (n > 1) {                                             \
      int half_n = (n + 1) / 2;                                 \
      for (int i = 0; i + half_n < n; ++i) {                    \
        T a = part[i], b = part[i + half_n];                    \
        part[i] = T(expression);                                \
      }                                                         \
      n = half_n;                                               \
    }                                                           \
    return part[0];                                             \
  }
#define METALHOST_REDUCTIONS(prefix, first, count)        \
  METALHOST_REDUCE(prefix##_sum, first, count, a + b)     \
  METALHOST_REDUCE(prefix##_product, first, count, a* b)  \
  METALHOST_REDUCE(prefix##_min, first, count, min(a, b)) \
  METALHOST_REDUCE(prefix##_max, first, count, max(a, b)) \
  METALHOST_REDUCE(prefix##_and, first, count, a& b)      \
  METALHOST_REDUCE(prefix##_or, first, count, a | b)      \
  METALHOST_REDUCE(prefix##_xor, first, count, a ^ b)
METALHOST_REDUCTIONS(simd, 0, 32)
METALHOST_REDUCTIONS(quad, (detail::lane() & ~3), 4)
#undef METALHOST_REDUCTIONS
#undef METALHOST_REDUCE
#define METALHOST_PREFIX(name, expression, start, own)         \
  template <class A>                                           \
  METALHOST_INLINE auto name(const A& value, METALHOST_SITE) { \
    using T = detail::value<A>;                                \
    auto e = detail::exchange(T(value), #name, file_, line_);  \
    T a = T(start);                                            \
    for (int i = 0; i < detail::lane() + own; ++i) {           \
      if (!((e.mask >> i) & 1)) continue;                      \
      T b = detail::slot<T>(e, i);                             \
      a = T(expression);                                       \
    }                                                          \
    return a;                                                  \
  }
METALHOST_PREFIX(simd_prefix_inclusive_sum, a + b, 0, 1)
METALHOST_PREFIX(simd_prefix_exclusive_sum, a + b, 0, 0)
METALHOST_PREFIX(simd_prefix_inclusive_product, a* b, 1, 1)
METALHOST_PREFIX(simd_prefix_exclusive_product, a* b, 1, 0)
#undef METALHOST_PREFIX
struct simd_vote {
  using vote_t = ulong;
  ulong votes;
  METALHOST_INLINE explicit operator ulong() const { return votes; }
  METALHOST_INLINE bool any() const { return votes != 0; }
  METALHOST_INLINE bool all() const { return votes == 0xffffffffu; }
};
METALHOST_INLINE simd_vote simd_ballot(bool v, METALHOST_SITE) {
  auto e = detail::exchange(v, "simd_ballot", file_, line_);
  ulong votes = 0;
  for (int i = 0; i < 32; ++i) votes |= ulong(((e.mask >> i) & 1) && detail::slot<bool>(e, i)) << i;
  return {votes};
}
METALHOST_INLINE simd_vote simd_active_threads_mask(METALHOST_SITE) {
  auto e = detail::exchange(true, "simd_active_threads_mask", file_, line_);
  return {e.mask};
}
METALHOST_INLINE bool simd_any(bool v, METALHOST_SITE) {
  return simd_ballot(v, file_, line_).votes != 0;
}
METALHOST_INLINE bool simd_all(bool v, METALHOST_SITE) {
  return simd_ballot(!v, file_, line_).votes == 0;
}

// Atomics: relaxed, as Metal 3.1 has them.
template <class T>
struct atomic {
  T value;
};
template <class T>
using _atomic = atomic<T>;
using atomic_int = atomic<int>;
using atomic_uint = atomic<uint>;
using atomic_ulong = atomic<ulong>;
using atomic_float = atomic<float>;
using atomic_bool = atomic<bool>;
template <class T>
METALHOST_INLINE T atomic_load_explicit(const volatile atomic<T>* p, memory_order) {
  T r;
  __atomic_load(&p->value, &r, __ATOMIC_RELAXED);
  return r;
}
template <class T, class U>
METALHOST_INLINE void atomic_store_explicit(volatile atomic<T>* p, U u, memory_order) {
  T v = T(u);
  __atomic_store(&p->value, &v, __ATOMIC_RELAXED);
}
template <class T, class U>
METALHOST_INLINE T atomic_exchange_explicit(volatile atomic<T>* p, U u, memory_order) {
  T v = T(u), r;
  __atomic_exchange(&p->value, &v, &r, __ATOMIC_RELAXED);
  return r;
}
template <class T, class U>
METALHOST_INLINE bool atomic_compare_exchange_weak_explicit(volatile atomic<T>* p, T* expected, U u, memory_order,
                                                            memory_order) {
  T v = T(u);
  return __atomic_compare_exchange(&p->value, expected, &v, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}
#define METALHOST_ATOMIC(name, expression)                                                             \
  template <class T, class U>                                                                          \
  METALHOST_INLINE T atomic_fetch_##name##_explicit(volatile atomic<T>* p, U u, memory_order) {        \
    T a, r, b = T(u);                                                                                  \
    __atomic_load(&p->value, &a, __ATOMIC_RELAXED);                                                    \
    do {                                                                                               \
      r = T(expression);                                                                               \
    } while (!__atomic_compare_exchange(&p->value, &a, &r, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)); \
    return a;                                                                                          \
  }
METALHOST_ATOMIC(add, a + b)
METALHOST_ATOMIC(sub, a - b)
METALHOST_ATOMIC(min, a < b ? a : b)
METALHOST_ATOMIC(max, a > b ? a : b)
METALHOST_ATOMIC(and, a& b)
METALHOST_ATOMIC(or, a | b)
METALHOST_ATOMIC(xor, a ^ b)
#undef METALHOST_ATOMIC

// 8x8 matrices that a SIMD-group holds together, two elements of a row in each lane.
template <class T, int Columns, int Rows>
struct simdgroup_matrix {
  static_assert(Columns == 8 && Rows == 8, "simdgroup_matrix is 8 x 8");
  static_assert(is_floating_point_v<T>, "simdgroup_matrix is of float, half or bfloat");
  vec<T, 2> elements;
  using storage_type = vec<T, 2>;
  simdgroup_matrix() = default;
  METALHOST_INLINE explicit simdgroup_matrix(T diagonal) {
    for (int i = 0; i < 2; ++i) elements[i] = row() == column() + i ? diagonal : T(0);
  }
  METALHOST_INLINE vec<T, 2>& thread_elements() { return elements; }
  METALHOST_INLINE const vec<T, 2>& thread_elements() const { return elements; }
  static METALHOST_INLINE int row() {
    int lane = detail::lane();
    return ((lane / 4) & 4) + (lane / 2) % 4;
  }
  static METALHOST_INLINE int column() {
    int lane = detail::lane();
    return ((lane / 4) & 2) * 2 + (lane % 2) * 2;
  }
};
using simdgroup_float8x8 = simdgroup_matrix<float, 8, 8>;
using simdgroup_half8x8 = simdgroup_matrix<half, 8, 8>;
using simdgroup_bfloat8x8 = simdgroup_matrix<bfloat, 8, 8>;
template <class T, int C, int R = C>
METALHOST_INLINE simdgroup_matrix<T, C, R> make_filled_simdgroup_matrix(T v) {
  simdgroup_matrix<T, C, R> m;
  m.elements = vec<T, 2>(v);
  return m;
}
template <class T>
METALHOST_INLINE void simdgroup_load(simdgroup_matrix<T, 8, 8>& m, const T* p, ulong stride = 8,
                                     ulong2 origin = ulong2(0ul), bool transposed = false) {
  for (int i = 0; i < 2; ++i) {
    ulong row = ulong(m.row()), column = ulong(m.column() + i);
    m.elements[i] = p[(origin.y + (transposed ? column : row)) * stride + origin.x + (transposed ? row : column)];
  }
}
template <class T>
METALHOST_INLINE void simdgroup_store(const simdgroup_matrix<T, 8, 8>& m, T* p, ulong stride = 8,
                                      ulong2 origin = ulong2(0ul), bool transposed = false) {
  for (int i = 0; i < 2; ++i) {
    ulong row = ulong(m.row()), column = ulong(m.column() + i);
    p[(origin.y + (transposed ? column : row)) * stride + origin.x + (transposed ? row : column)] = m.elements[i];
  }
}
template <class D, class A, class B, class C>
METALHOST_INLINE void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8>& d, const simdgroup_matrix<A, 8, 8>& a,
                                                    const simdgroup_matrix<B, 8, 8>& b,
                                                    const simdgroup_matrix<C, 8, 8>& c, METALHOST_SITE) {
  float in[6] = {float(a.elements[0]), float(a.elements[1]), float(b.elements[0]),
                 float(b.elements[1]), float(c.elements[0]), float(c.elements[1])};
  float out[2];
  metalhost::runtime->multiply_accumulate(in, out, {"simdgroup_multiply_accumulate", file_, line_});
  for (int i = 0; i < 2; ++i) d.elements[i] = D(out[i]);
}
template <class D, class A, class B>
METALHOST_INLINE void simdgroup_multiply(simdgroup_matrix<D, 8, 8>& d, const simdgroup_matrix<A, 8, 8>& a,
                                         const simdgroup_matrix<B, 8, 8>& b, METALHOST_SITE) {
  simdgroup_multiply_accumulate(d, a, b, make_filled_simdgroup_matrix<D, 8>(D(0)), file_, line_);
}

}  // namespace metal

using metal::as_type;
using metal::matrix;
using metal::vec;
