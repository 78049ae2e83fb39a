// Binds what a launch gives to the parameters of a kernel, and function constants to their values.
#pragma once
#include "types.h"

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
        return c.simd_width;
      case ArgumentKind::thread_index_in_quadgroup:
        return c.lane_in_quadgroup;
      case ArgumentKind::quadgroup_index_in_threadgroup:
        return c.quadgroup;
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
template <class P>
inline constexpr int alignment_of = 1;
template <class T>
inline constexpr int alignment_of<T*> = alignof(T);
template <>
inline constexpr int alignment_of<void*> = 1;
template <>
inline constexpr int alignment_of<const void*> = 1;
template <class T>
inline constexpr int alignment_of<T&> = alignof(T);
template <size_t... I>
struct Indices {};
template <auto F, const auto& Arguments>
struct Launcher;
template <class... P, void (*F)(P...), const auto& Arguments>
struct Launcher<F, Arguments> {
  static constexpr int alignments[] = {alignment_of<P>..., 0};
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
