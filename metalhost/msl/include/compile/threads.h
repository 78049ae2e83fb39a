// What threads do together: barriers, SIMD-group and quad operations, atomics.
// Source of names and meanings: the Metal Shading Language Specification, version 3.1.
#pragma once
#include "accesses.h"
#include "arguments.h"
#include "mathematics.h"

#define METALHOST_SITE const char *file_ = __builtin_FILE(), int line_ = __builtin_LINE()

namespace metal {

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
METALHOST_INLINE void threadgroup_barrier(mem_flags flags, METALHOST_SITE) {
  metalhost::runtime->threadgroup_barrier(uint(flags), {"threadgroup_barrier", file_, line_});
}
METALHOST_INLINE void simdgroup_barrier(mem_flags flags, METALHOST_SITE) {
  metalhost::runtime->simdgroup_barrier(uint(flags), {"simdgroup_barrier", file_, line_});
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
// The SIMD-group is shifted in pieces of `modulo` lanes, each filled from the same lanes of `fill`.
template <class T>
METALHOST_INLINE T simd_shuffle_and_fill_up(T v, T fill, ushort n, ushort modulo, METALHOST_SITE) {
  struct Both {
    T v, fill;
  };
  auto e = detail::exchange(Both{v, fill}, "simd_shuffle_and_fill_up", file_, line_);
  const int lane = detail::lane(), first = lane / modulo * modulo, from = lane - int(n);
  const int wanted = from < first ? from + modulo : from;
  const Both got = detail::pick<Both>(e, wanted, {v, fill});
  return from < first ? got.fill : got.v;
}
template <class T>
METALHOST_INLINE T simd_shuffle_and_fill_down(T v, T fill, ushort n, ushort modulo, METALHOST_SITE) {
  struct Both {
    T v, fill;
  };
  auto e = detail::exchange(Both{v, fill}, "simd_shuffle_and_fill_down", file_, line_);
  const int lane = detail::lane(), last = lane / modulo * modulo + modulo, from = lane + int(n);
  const int wanted = from >= last ? from - modulo : from;
  const Both got = detail::pick<Both>(e, wanted, {v, fill});
  return from >= last ? got.fill : got.v;
}
template <class T>
METALHOST_INLINE T simd_shuffle_and_fill_up(T v, T fill, ushort n, METALHOST_SITE) {
  return simd_shuffle_and_fill_up(v, fill, n, ushort(32), file_, line_);
}
template <class T>
METALHOST_INLINE T simd_shuffle_and_fill_down(T v, T fill, ushort n, METALHOST_SITE) {
  return simd_shuffle_and_fill_down(v, fill, n, ushort(32), file_, line_);
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
  metalhost_atomic_read(&p->value, sizeof(T));
  return metalhost_atomic_load(&p->value);
}
template <class T, class U>
METALHOST_INLINE void atomic_store_explicit(volatile atomic<T>* p, U u, memory_order) {
  metalhost_atomic_write(&p->value, sizeof(T));
  metalhost_atomic_store(&p->value, T(u));
}
template <class T, class U>
METALHOST_INLINE T atomic_exchange_explicit(volatile atomic<T>* p, U u, memory_order) {
  T v = T(u), r;
  metalhost_atomic_update(&p->value, sizeof(T));
  __atomic_exchange(&p->value, &v, &r, __ATOMIC_RELAXED);
  return r;
}
template <class T, class U>
METALHOST_INLINE bool atomic_compare_exchange_weak_explicit(volatile atomic<T>* p, T* expected, U u, memory_order,
                                                            memory_order) {
  T v = T(u);
  metalhost_atomic_update(&p->value, sizeof(T));
  return __atomic_compare_exchange(&p->value, expected, &v, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}
#define METALHOST_ATOMIC(name, expression)                                                             \
  template <class T, class U>                                                                          \
  METALHOST_INLINE T atomic_fetch_##name##_explicit(volatile atomic<T>* p, U u, memory_order) {        \
    T a, r, b = T(u);                                                                                  \
    metalhost_atomic_update(&p->value, sizeof(T));                                                     \
    a = metalhost_atomic_load(&p->value);                                                              \
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

}  // namespace metal
