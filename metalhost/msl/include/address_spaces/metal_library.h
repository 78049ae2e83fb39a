// The Metal standard library in C++ for OpenCL, whose compiler checks address spaces. Nothing of this is run: types are
// as loose as they can be, pointers exact.
#pragma once
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#pragma OPENCL EXTENSION __cl_clang_function_pointers : enable

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long uint64_t;
typedef unsigned long size_t;
typedef long ptrdiff_t;
typedef unsigned long uintptr_t;
typedef __bf16 bfloat;

namespace metal {

template <class T, int N>
using vec = T __attribute__((ext_vector_type(N)));
#define METALHOST_VECTORS(t, e)                       \
  typedef e t##2 __attribute__((ext_vector_type(2))); \
  typedef e t##3 __attribute__((ext_vector_type(3))); \
  typedef e t##4 __attribute__((ext_vector_type(4))); \
  typedef t##2 packed_##t##2;                         \
  typedef t##3 packed_##t##3;                         \
  typedef t##4 packed_##t##4;
METALHOST_VECTORS(bool, int)
METALHOST_VECTORS(char, char)
METALHOST_VECTORS(uchar, uchar)
METALHOST_VECTORS(short, short)
METALHOST_VECTORS(ushort, ushort)
METALHOST_VECTORS(int, int)
METALHOST_VECTORS(uint, uint)
METALHOST_VECTORS(long, long)
METALHOST_VECTORS(ulong, ulong)
METALHOST_VECTORS(half, half)
METALHOST_VECTORS(bfloat, float)
METALHOST_VECTORS(float, float)
#undef METALHOST_VECTORS

template <class T, T v>
struct integral_constant {
  static constexpr T value = v;
  constexpr operator T() const { return v; }
};
template <bool B>
using bool_constant = integral_constant<bool, B>;
using true_type = bool_constant<true>;
using false_type = bool_constant<false>;
template <class A, class B>
inline constexpr bool is_same_v = __is_same(A, B);
template <class A, class B>
struct is_same : bool_constant<__is_same(A, B)> {};
template <class... B>
struct _disjunction : bool_constant<(B::value || ...)> {};
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
inline constexpr bool is_floating_point_v = __is_same(T, float) || __is_same(T, half) || __is_same(T, bfloat);
template <class T>
inline constexpr bool is_integral_v = __is_integral(T);
template <class T>
inline constexpr bool is_signed_v = __is_signed(T);
template <class T>
inline constexpr bool is_unsigned_v = __is_unsigned(T);
template <class T>
inline constexpr bool is_arithmetic_v = is_floating_point_v<T> || is_integral_v<T>;
template <class A, class B>
inline constexpr bool is_convertible_v = true;
template <class T>
struct make_unsigned {
  using type = uint;
};
template <class T>
using make_unsigned_t = uint;

template <class T>
struct numeric_limits {
  static constexpr T max() { return T(1); }
  static constexpr T min() { return T(1); }
  static constexpr T lowest() { return T(1); }
  static constexpr T epsilon() { return T(1); }
  static constexpr T infinity() { return T(1); }
  static constexpr T quiet_NaN() { return T(1); }
  static constexpr int digits = 8;
};
template <class R, class S>
R as_type(S);

#define METALHOST_FUNCTION(name) \
  template <class T, class... A> \
  T name(T, A...);
#define METALHOST_MATHEMATICS   \
  METALHOST_FUNCTION(exp)       \
  METALHOST_FUNCTION(exp2)      \
  METALHOST_FUNCTION(exp10)     \
  METALHOST_FUNCTION(log)       \
  METALHOST_FUNCTION(log2)      \
  METALHOST_FUNCTION(log10)     \
  METALHOST_FUNCTION(sin)       \
  METALHOST_FUNCTION(cos)       \
  METALHOST_FUNCTION(tan)       \
  METALHOST_FUNCTION(sinh)      \
  METALHOST_FUNCTION(cosh)      \
  METALHOST_FUNCTION(tanh)      \
  METALHOST_FUNCTION(asin)      \
  METALHOST_FUNCTION(acos)      \
  METALHOST_FUNCTION(atan)      \
  METALHOST_FUNCTION(asinh)     \
  METALHOST_FUNCTION(acosh)     \
  METALHOST_FUNCTION(atanh)     \
  METALHOST_FUNCTION(sinpi)     \
  METALHOST_FUNCTION(cospi)     \
  METALHOST_FUNCTION(sqrt)      \
  METALHOST_FUNCTION(rsqrt)     \
  METALHOST_FUNCTION(pow)       \
  METALHOST_FUNCTION(powr)      \
  METALHOST_FUNCTION(atan2)     \
  METALHOST_FUNCTION(fmod)      \
  METALHOST_FUNCTION(divide)    \
  METALHOST_FUNCTION(fmin)      \
  METALHOST_FUNCTION(fmax)      \
  METALHOST_FUNCTION(min)       \
  METALHOST_FUNCTION(max)       \
  METALHOST_FUNCTION(min3)      \
  METALHOST_FUNCTION(max3)      \
  METALHOST_FUNCTION(median3)   \
  METALHOST_FUNCTION(fmin3)     \
  METALHOST_FUNCTION(fmax3)     \
  METALHOST_FUNCTION(fmedian3)  \
  METALHOST_FUNCTION(tanpi)     \
  METALHOST_FUNCTION(nextafter) \
  METALHOST_FUNCTION(abs)       \
  METALHOST_FUNCTION(fabs)      \
  METALHOST_FUNCTION(clamp)     \
  METALHOST_FUNCTION(fma)
METALHOST_MATHEMATICS
METALHOST_FUNCTION(floor)
METALHOST_FUNCTION(ceil)
METALHOST_FUNCTION(trunc)
METALHOST_FUNCTION(round)
METALHOST_FUNCTION(rint)
METALHOST_FUNCTION(fract)
METALHOST_FUNCTION(sign)
METALHOST_FUNCTION(saturate)
METALHOST_FUNCTION(copysign)
METALHOST_FUNCTION(step)
METALHOST_FUNCTION(ldexp)
METALHOST_FUNCTION(mix)
METALHOST_FUNCTION(smoothstep)
METALHOST_FUNCTION(select)
METALHOST_FUNCTION(normalize)
METALHOST_FUNCTION(popcount)
METALHOST_FUNCTION(clz)
METALHOST_FUNCTION(ctz)
METALHOST_FUNCTION(rotate)
METALHOST_FUNCTION(mulhi)
METALHOST_FUNCTION(extract_bits)
METALHOST_FUNCTION(isnan)
METALHOST_FUNCTION(isinf)
METALHOST_FUNCTION(isfinite)
METALHOST_FUNCTION(signbit)
template <class T>
T sincos(T, __private T&);
template <class T>
T frexp(T, __private int&);
template <class T>
bool any(T);
template <class T>
bool all(T);
template <class T, int N>
T dot(vec<T, N>, vec<T, N>);
template <class T, int N>
T length(vec<T, N>);
template <class T, int N>
T length_squared(vec<T, N>);
namespace precise {
METALHOST_MATHEMATICS
template <class T>
T sincos(T, __private T&);
}  // namespace precise
namespace fast {
METALHOST_MATHEMATICS
}

enum class mem_flags : uint {
  mem_none = 0,
  mem_device = 1,
  mem_threadgroup = 2,
  mem_texture = 4,
  mem_threadgroup_imageblock = 8
};
mem_flags operator|(mem_flags, mem_flags);
enum memory_order { memory_order_relaxed, memory_order_seq_cst };
enum thread_scope { thread_scope_thread, thread_scope_simdgroup, thread_scope_threadgroup, thread_scope_device };
void threadgroup_barrier(mem_flags);
void simdgroup_barrier(mem_flags);
void atomic_thread_fence(mem_flags, memory_order = memory_order_seq_cst, thread_scope = thread_scope_device);

METALHOST_FUNCTION(simd_shuffle)
METALHOST_FUNCTION(simd_broadcast)
METALHOST_FUNCTION(simd_shuffle_xor)
METALHOST_FUNCTION(simd_shuffle_up)
METALHOST_FUNCTION(simd_shuffle_down)
METALHOST_FUNCTION(simd_shuffle_rotate_up)
METALHOST_FUNCTION(simd_shuffle_rotate_down)
METALHOST_FUNCTION(simd_shuffle_and_fill_up)
METALHOST_FUNCTION(simd_shuffle_and_fill_down)
METALHOST_FUNCTION(simd_broadcast_first)
METALHOST_FUNCTION(quad_broadcast)
METALHOST_FUNCTION(quad_shuffle)
METALHOST_FUNCTION(quad_shuffle_xor)
METALHOST_FUNCTION(quad_shuffle_up)
METALHOST_FUNCTION(quad_shuffle_down)
METALHOST_FUNCTION(simd_prefix_inclusive_sum)
METALHOST_FUNCTION(simd_prefix_exclusive_sum)
METALHOST_FUNCTION(simd_prefix_inclusive_product)
METALHOST_FUNCTION(simd_prefix_exclusive_product)
#define METALHOST_REDUCTIONS(prefix)   \
  METALHOST_FUNCTION(prefix##_sum)     \
  METALHOST_FUNCTION(prefix##_product) \
  METALHOST_FUNCTION(prefix##_min)     \
  METALHOST_FUNCTION(prefix##_max)     \
  METALHOST_FUNCTION(prefix##_and)     \
  METALHOST_FUNCTION(prefix##_or)      \
  METALHOST_FUNCTION(prefix##_xor)
METALHOST_REDUCTIONS(simd)
METALHOST_REDUCTIONS(quad)
#undef METALHOST_REDUCTIONS
bool simd_is_first();
bool simd_any(bool);
bool simd_all(bool);
struct simd_vote {
  using vote_t = ulong;
  explicit operator ulong() const;
  bool any() const;
  bool all() const;
};
simd_vote simd_ballot(bool);
simd_vote simd_active_threads_mask();

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
#define METALHOST_ATOMICS(space)                                                                                      \
  template <class T>                                                                                                  \
  T atomic_load_explicit(const volatile space atomic<T>*, memory_order);                                              \
  template <class T, class U>                                                                                         \
  void atomic_store_explicit(volatile space atomic<T>*, U, memory_order);                                             \
  template <class T, class U>                                                                                         \
  T atomic_exchange_explicit(volatile space atomic<T>*, U, memory_order);                                             \
  template <class T, class U>                                                                                         \
  bool atomic_compare_exchange_weak_explicit(volatile space atomic<T>*, __private T*, U, memory_order, memory_order); \
  template <class T, class U>                                                                                         \
  T atomic_fetch_add_explicit(volatile space atomic<T>*, U, memory_order);                                            \
  template <class T, class U>                                                                                         \
  T atomic_fetch_sub_explicit(volatile space atomic<T>*, U, memory_order);                                            \
  template <class T, class U>                                                                                         \
  T atomic_fetch_min_explicit(volatile space atomic<T>*, U, memory_order);                                            \
  template <class T, class U>                                                                                         \
  T atomic_fetch_max_explicit(volatile space atomic<T>*, U, memory_order);                                            \
  template <class T, class U>                                                                                         \
  T atomic_fetch_and_explicit(volatile space atomic<T>*, U, memory_order);                                            \
  template <class T, class U>                                                                                         \
  T atomic_fetch_or_explicit(volatile space atomic<T>*, U, memory_order);                                             \
  template <class T, class U>                                                                                         \
  T atomic_fetch_xor_explicit(volatile space atomic<T>*, U, memory_order);
METALHOST_ATOMICS(__global)
METALHOST_ATOMICS(__local)
#undef METALHOST_ATOMICS

template <class T, int C, int R>
struct matrix {
  vec<T, R> columns[C];
  __generic vec<T, R>& operator[](int i);
  const __generic vec<T, R>& operator[](int i) const;
};
using float2x2 = matrix<float, 2, 2>;
using float2x4 = matrix<float, 2, 4>;
using float4x2 = matrix<float, 4, 2>;
using float3x3 = matrix<float, 3, 3>;
using float4x4 = matrix<float, 4, 4>;
using half2x2 = matrix<half, 2, 2>;
using half2x4 = matrix<half, 2, 4>;
using half4x2 = matrix<half, 4, 2>;
using half3x3 = matrix<half, 3, 3>;
using half4x4 = matrix<half, 4, 4>;
template <class T, size_t N>
struct array {
  T items[N];
  __generic T& operator[](size_t i);
  const __generic T& operator[](size_t i) const;
  constexpr size_t size() const { return N; }
};

template <class T, int C, int R>
struct simdgroup_matrix {
  vec<T, 2> elements;
  using storage_type = vec<T, 2>;
  simdgroup_matrix() = default;
  explicit simdgroup_matrix(T);
  __generic vec<T, 2>& thread_elements();
};
using simdgroup_float8x8 = simdgroup_matrix<float, 8, 8>;
using simdgroup_half8x8 = simdgroup_matrix<half, 8, 8>;
using simdgroup_bfloat8x8 = simdgroup_matrix<bfloat, 8, 8>;
template <class T, int C, int R = C>
simdgroup_matrix<T, C, R> make_filled_simdgroup_matrix(T);
#define METALHOST_MATRIX_MEMORY(space)                                                                            \
  template <class T>                                                                                              \
  void simdgroup_load(__private simdgroup_matrix<T, 8, 8>&, const space T*, ulong = 8, ulong2 = 0, bool = false); \
  template <class T>                                                                                              \
  void simdgroup_store(simdgroup_matrix<T, 8, 8>, space T*, ulong = 8, ulong2 = 0, bool = false);
METALHOST_MATRIX_MEMORY(__global)
METALHOST_MATRIX_MEMORY(__local)
#undef METALHOST_MATRIX_MEMORY
template <class D, class A, class B, class C>
void simdgroup_multiply_accumulate(__private D&, A, B, C);
template <class D, class A, class B>
void simdgroup_multiply(__private D&, A, B);
template <class T>
simdgroup_matrix<T, 8, 8> operator*(simdgroup_matrix<T, 8, 8>, simdgroup_matrix<T, 8, 8>);

}  // namespace metal

namespace metalhost {

template <class R, class... A>
R make(A...);  // what R(...) gives
template <class T>
__local T* threadgroup_variable();
constexpr bool constant_is_set(int) {
  return true;
}
template <class F>
void use(F);

}  // namespace metalhost

using metal::as_type;
using metal::matrix;
using metal::vec;
