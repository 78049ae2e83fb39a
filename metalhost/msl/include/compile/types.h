// Types: numbers, vectors with swizzles, packed vectors, matrices, limits.
// Source of names and meanings: the Metal Shading Language Specification, version 3.1.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "metalhost_interface.h"

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
template <class... B>
struct _disjunction : bool_constant<(B::value || ...)> {};  // Apple's own, which public kernels use
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
using remove_addrspace_t = T;  // the host has one
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

namespace detail {
// T(from); clang has no conversion between half and bfloat, Metal has one where it is written.
template <class T, class From>
METALHOST_INLINE constexpr T to(const From& from) {
  using F = remove_cv_t<From>;
  if constexpr ((is_same_v<T, half> && is_same_v<F, bfloat>) || (is_same_v<T, bfloat> && is_same_v<F, half>)) {
    return T(float(from));
  } else {
    return T(from);
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
#define METALHOST_THIRD4(M, x, y, z, w, ...)        \
  METALHOST_LAST4(M, x, y, z, w, __VA_ARGS__, x, 0) \
  METALHOST_LAST4(M, x, y, z, w, __VA_ARGS__, y, 1) \
  METALHOST_LAST4(M, x, y, z, w, __VA_ARGS__, z, 2) METALHOST_LAST4(M, x, y, z, w, __VA_ARGS__, w, 3)
#define METALHOST_SECOND2(M, x, y, ...) \
  METALHOST_THIRD2(M, x, y, __VA_ARGS__, x, 0) METALHOST_THIRD2(M, x, y, __VA_ARGS__, y, 1)
#define METALHOST_SECOND3(M, x, y, z, ...)        \
  METALHOST_THIRD3(M, x, y, z, __VA_ARGS__, x, 0) \
  METALHOST_THIRD3(M, x, y, z, __VA_ARGS__, y, 1) METALHOST_THIRD3(M, x, y, z, __VA_ARGS__, z, 2)
#define METALHOST_SECOND4(M, x, y, z, w, ...)        \
  METALHOST_THIRD4(M, x, y, z, w, __VA_ARGS__, x, 0) \
  METALHOST_THIRD4(M, x, y, z, w, __VA_ARGS__, y, 1) \
  METALHOST_THIRD4(M, x, y, z, w, __VA_ARGS__, z, 2) METALHOST_THIRD4(M, x, y, z, w, __VA_ARGS__, w, 3)
#define METALHOST_SWIZZLES2(x, y)              \
  METALHOST_THIRD2(METALHOST_PAIR, x, y, 2)    \
  METALHOST_SECOND2(METALHOST_TRIPLE, x, y, 2) \
  METALHOST_SECOND2(METALHOST_QUAD, x, y, 2, x, 0) METALHOST_SECOND2(METALHOST_QUAD, x, y, 2, y, 1)
#define METALHOST_SWIZZLES3(x, y, z)                  \
  METALHOST_THIRD3(METALHOST_PAIR, x, y, z, 4)        \
  METALHOST_SECOND3(METALHOST_TRIPLE, x, y, z, 4)     \
  METALHOST_SECOND3(METALHOST_QUAD, x, y, z, 4, x, 0) \
  METALHOST_SECOND3(METALHOST_QUAD, x, y, z, 4, y, 1) METALHOST_SECOND3(METALHOST_QUAD, x, y, z, 4, z, 2)
#define METALHOST_SWIZZLES4(x, y, z, w)                  \
  METALHOST_THIRD4(METALHOST_PAIR, x, y, z, w, 4)        \
  METALHOST_SECOND4(METALHOST_TRIPLE, x, y, z, w, 4)     \
  METALHOST_SECOND4(METALHOST_QUAD, x, y, z, w, 4, x, 0) \
  METALHOST_SECOND4(METALHOST_QUAD, x, y, z, w, 4, y, 1) \
  METALHOST_SECOND4(METALHOST_QUAD, x, y, z, w, 4, z, 2) METALHOST_SECOND4(METALHOST_QUAD, x, y, z, w, 4, w, 3)

#define METALHOST_VECTOR_MEMBERS(N)                                                                             \
  using element_type = T;                                                                                       \
  vec() = default;                                                                                              \
  METALHOST_INLINE constexpr vec& operator=(const vec& o) {                                                     \
    for (int i = 0; i < N; ++i) slots[i] = o.slots[i];                                                          \
    return *this;                                                                                               \
  }                                                                                                             \
  template <class U, enable_if_t<is_scalar_v<U>, int> = 0>                                                      \
  METALHOST_INLINE constexpr vec(U s) : slots{} {                                                               \
    for (int i = 0; i < N; ++i) slots[i] = detail::to<T>(s);                                                    \
  }                                                                                                             \
  template <class U, enable_if_t<detail::lanes<U> == N && !is_same_v<U, vec>, int> = 0>                         \
  METALHOST_INLINE constexpr explicit(!is_same_v<detail::element<U>, T>) vec(const U& o) : slots{} {            \
    for (int i = 0; i < N; ++i) slots[i] = detail::to<T>(o[i]);                                                 \
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
      slots[k++] = detail::to<T>(a);                                                                            \
    } else {                                                                                                    \
      for (int i = 0; i < detail::lanes<A>; ++i) slots[k++] = detail::to<T>(a[i]);                              \
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
  vec(const vec&) = default;
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
  // Without its fourth slot, which nobody may have written.
  METALHOST_INLINE constexpr vec(const vec& o) : slots{} {
    for (int i = 0; i < 3; ++i) slots[i] = o.slots[i];
  }
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
  vec(const vec&) = default;
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
  template <class U, enable_if_t<!is_same_v<U, T>, int> = 0>
  METALHOST_INLINE explicit matrix(const matrix<U, Columns, Rows>& other) {
    for (int i = 0; i < Columns; ++i) columns[i] = vec<T, Rows>(other[i]);
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

// A value that all threads of a SIMD-group have; not checked.
template <class T>
struct uniform {
  T value;
  uniform() = default;
  METALHOST_INLINE constexpr uniform(T v) : value(v) {}
  METALHOST_INLINE constexpr operator T() const { return value; }
};
template <class T>
METALHOST_INLINE constexpr uniform<T> make_uniform(T v) {
  return v;
}

// <metal_logging> of Metal 3.2: messages are dropped.
struct os_log {
  constexpr os_log(const char*, const char*) {}
  template <class... A>
  void log(const char*, A...) const {}
  template <class... A>
  void log_debug(const char*, A...) const {}
  template <class... A>
  void log_info(const char*, A...) const {}
  template <class... A>
  void log_error(const char*, A...) const {}
  template <class... A>
  void log_fault(const char*, A...) const {}
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

}  // namespace metal

namespace metalhost {
// What static_cast is rewritten to.
template <class T, class From>
METALHOST_INLINE constexpr T cast(From&& from) {
  using namespace metal;
  using F = decay_t<From>;
  if constexpr ((is_same_v<T, half> && is_same_v<F, bfloat>) || (is_same_v<T, bfloat> && is_same_v<F, half>)) {
    return T(float(from));
  } else {
    return static_cast<T>(static_cast<From&&>(from));
  }
}
// V v = {...}: what isn't there is zero.
template <class V, class... A>
METALHOST_INLINE constexpr V braced(const A&... a) {
  V v(metal::detail::element<V>(0));
  int k = 0;
  (v.put(k, a), ...);
  return v;
}
}  // namespace metalhost
