#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

// 16-bit floating point as storage: exact conversion to f32, round-to-nearest-even back, on every host.
namespace temper {

struct bf16_t {
  uint16_t bits;
};
struct f16_t {
  uint16_t bits;
};

inline float to_f32(bf16_t x) {
  return std::bit_cast<float>(uint32_t{x.bits} << 16);
}

inline bf16_t to_bf16(float x) {
  const uint32_t u = std::bit_cast<uint32_t>(x);
  if ((u & 0x7fffffffu) > 0x7f800000u) return {static_cast<uint16_t>((u >> 16) | 0x40)};  // keep NaN quiet
  return {static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
}

inline float to_f32(f16_t x) {
  const uint32_t sign = uint32_t{x.bits & 0x8000u} << 16;
  const uint32_t magnitude = x.bits & 0x7fffu;
  if (magnitude >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
  if (magnitude < 0x400u) {  // subnormal: the value is magnitude * 2^-24
    const float value = static_cast<float>(magnitude) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(value));
  }
  return std::bit_cast<float>(sign | ((magnitude << 13) + (112u << 23)));
}

inline f16_t to_f16(float x) {
  const uint32_t u = std::bit_cast<uint32_t>(x);
  const auto sign = static_cast<uint16_t>((u >> 16) & 0x8000u);
  const uint32_t magnitude = u & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return {static_cast<uint16_t>(sign | 0x7e00u)};
  if (magnitude >= 0x477ff000u) return {static_cast<uint16_t>(sign | 0x7c00u)};  // rounds past 65504
  if (magnitude < 0x38800000u) {                                                 // below 2^-14: subnormal or zero
    // Adding 2^-1 aligns the ulp of the sum with f16's subnormal ulp (2^-24), so the hardware rounds for us.
    const float rounded = std::bit_cast<float>(magnitude) + 0.5f;
    return {static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(rounded) - 0x3f000000u))};
  }
  const uint32_t odd = (magnitude >> 13) & 1u;
  return {static_cast<uint16_t>(sign | ((magnitude + 0xc8000fffu + odd) >> 13))};
}

inline float to_f32(float x) {
  return x;
}

/// T is float, bf16_t or f16_t.
template <class T>
T from_f32(float x) {
  if constexpr (std::is_same_v<T, bf16_t>)
    return to_bf16(x);
  else if constexpr (std::is_same_v<T, f16_t>)
    return to_f16(x);
  else
    return static_cast<T>(x);
}

}  // namespace temper
