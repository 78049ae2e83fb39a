// Highway compiles this file once for each instruction set below and picks the best one that the machine has.
// Work: 4 to 8 instructions a vector of quants beside a multiply-add. Layouts: tensor/quant.cpp.
#include "device/cpu/block_rows.h"

#include <cstring>

#include "base/fail.h"

// Between these sets nothing here would differ much, and each costs compile time.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/block_rows.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace temper::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using BlockD = hn::CappedTag<float, 16>;
using BlockI = hn::RebindToSigned<BlockD>;
using BlockV = hn::Vec<BlockD>;
using Quants = hn::Vec<BlockI>;
using Bytes = const uint8_t*;

inline HWY_ATTR int quants_at_once() {
  return static_cast<int>(hn::Lanes(BlockI()));
}
inline HWY_ATTR Quants bytes_at(Bytes p) {
  return hn::PromoteTo(BlockI(), hn::LoadU(hn::Rebind<uint8_t, BlockI>(), p));
}
inline HWY_ATTR Quants bits_of(Quants x, int shift, int mask) {
  return hn::And(hn::ShiftRightSame(x, shift), hn::Set(BlockI(), mask));
}

/// Two f16 values, of which some formats use only the first.
struct TwoHalves {
  float first, second;
};
inline HWY_ATTR TwoHalves halves_at(Bytes p) {
  const hn::FixedTag<float, 4> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  const auto v = hn::PromoteTo(d, hn::LoadU(half, reinterpret_cast<const hwy::float16_t*>(p)));
  return {hn::GetLane(v), hn::ExtractLane(v, 1)};
}
/// The two that end a block, at `end`; the four bytes before them are read too.
inline HWY_ATTR TwoHalves halves_before(Bytes end) {
  const hn::FixedTag<float, 4> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  const auto v = hn::PromoteTo(d, hn::LoadU(half, reinterpret_cast<const hwy::float16_t*>(end - 8)));
  return {hn::ExtractLane(v, 2), hn::ExtractLane(v, 3)};
}

/// Values of a group are scale (quant - kZero of the format) + minimum.
struct GroupScale {
  float scale, minimum;
};

// A format: what its blocks are, the scale of group s, and the quants of elements e .. e + vector of group s.
// Element j < 16 of a block of 32 is the low nibble of byte j, element j + 16 the high one.
inline HWY_ATTR Quants nibbles_of_32(Bytes nibbles, int e) {
  return e < 16 ? bits_of(bytes_at(nibbles + e), 0, 15) : bits_of(bytes_at(nibbles + e - 16), 4, 15);
}
/// Bit e + i of the 32-bit word as 16 or 0 in lane i.
inline HWY_ATTR Quants fifth_bits_of_32(Bytes word, int e) {
  uint32_t bits;
  std::memcpy(&bits, word, sizeof bits);
  const Quants lane_bits = hn::ShiftRightSame(hn::Set(BlockI(), static_cast<int32_t>(bits)), e);
  return hn::ShiftLeft<4>(hn::And(hn::Shr(lane_bits, hn::Iota(BlockI(), 0)), hn::Set(BlockI(), 1)));
}

struct Q4_0 {  // d f16, nibbles[16]
  static constexpr int kElements = 32, kBytes = 18, kGroup = 32, kZero = 8;
  static HWY_ATTR GroupScale scale(Bytes block, int) {
    const TwoHalves d = halves_at(block);
    return {d.first, 0.0f};
  }
  static HWY_ATTR Quants quants(Bytes block, int, int e) { return nibbles_of_32(block + 2, e); }
};

struct Q4_1 {  // d f16, m f16, nibbles[16]
  static constexpr int kElements = 32, kBytes = 20, kGroup = 32, kZero = 0;
  static HWY_ATTR GroupScale scale(Bytes block, int) {
    const TwoHalves d = halves_at(block);
    return {d.first, d.second};
  }
  static HWY_ATTR Quants quants(Bytes block, int, int e) { return nibbles_of_32(block + 4, e); }
};

struct Q5_0 {  // d f16, high_bits[4], nibbles[16]
  static constexpr int kElements = 32, kBytes = 22, kGroup = 32, kZero = 16;
  static HWY_ATTR GroupScale scale(Bytes block, int) {
    const TwoHalves d = halves_at(block);
    return {d.first, 0.0f};
  }
  static HWY_ATTR Quants quants(Bytes block, int, int e) {
    return hn::Or(nibbles_of_32(block + 6, e), fifth_bits_of_32(block + 2, e));
  }
};

struct Q5_1 {  // d f16, m f16, high_bits[4], nibbles[16]
  static constexpr int kElements = 32, kBytes = 24, kGroup = 32, kZero = 0;
  static HWY_ATTR GroupScale scale(Bytes block, int) {
    const TwoHalves d = halves_at(block);
    return {d.first, d.second};
  }
  static HWY_ATTR Quants quants(Bytes block, int, int e) {
    return hn::Or(nibbles_of_32(block + 8, e), fifth_bits_of_32(block + 4, e));
  }
};

struct Q8_0 {  // d f16, i8[32]
  static constexpr int kElements = 32, kBytes = 34, kGroup = 32, kZero = 0;
  static HWY_ATTR GroupScale scale(Bytes block, int) {
    const TwoHalves d = halves_at(block);
    return {d.first, 0.0f};
  }
  static HWY_ATTR Quants quants(Bytes block, int, int e) {
    const auto* p = reinterpret_cast<const int8_t*>(block + 2 + e);
    return hn::PromoteTo(BlockI(), hn::LoadU(hn::Rebind<int8_t, BlockI>(), p));
  }
};

// The K formats. Group s of 16 of q2_k and q3_k lies in two bits of 16 bytes.
inline HWY_ATTR Quants crumbs_of(Bytes crumbs, int s, int e) {
  return bits_of(bytes_at(crumbs + s / 8 * 32 + s % 2 * 16 + e), s % 8 / 2 * 2, 3);
}

struct Q2K {  // scales[16], crumbs[64], d f16, dmin f16
  static constexpr int kElements = 256, kBytes = 84, kGroup = 16, kZero = 0;
  static HWY_ATTR GroupScale scale(Bytes block, int s) {
    const TwoHalves d = halves_before(block + kBytes);

    return {d.first * static_cast<float>(block[s] & 15), -d.second * static_cast<float>(block[s] >> 4)};
  }
  static HWY_ATTR Quants quants(Bytes block, int s, int e) { return crumbs_of(block + 16, s, e); }
};

struct Q3K {  // high_bits[32], crumbs[64], scales[12], d f16
  static constexpr int kElements = 256, kBytes = 110, kGroup = 16, kZero = 4;
  static HWY_ATTR GroupScale scale(Bytes block, int s) {
    const float d = halves_before(block + kBytes).second;

    const Bytes scales = block + 96;
    const int nibble = s < 8 ? scales[s] & 15 : scales[s - 8] >> 4;
    const int top = scales[8 + s % 4] >> (s / 4 * 2) & 3;
    return {d * static_cast<float>((nibble | top << 4) - 32), 0.0f};
  }
  static HWY_ATTR Quants quants(Bytes block, int s, int e) {
    const Quants high = bits_of(bytes_at(block + s % 2 * 16 + e), s / 2, 1);
    return hn::Or(crumbs_of(block + 32, s, e), hn::ShiftLeft<2>(high));
  }
};

/// The eight 6-bit scales and minima of q4_k and q5_k in 12 bytes.
inline HWY_ATTR GroupScale six_bit_scale(Bytes packed, int s, TwoHalves d) {
  int scale, minimum;
  if (s < 4) {
    scale = packed[s] & 63;
    minimum = packed[s + 4] & 63;
  } else {
    scale = (packed[s + 4] & 15) | packed[s - 4] >> 6 << 4;
    minimum = packed[s + 4] >> 4 | packed[s] >> 6 << 4;
  }
  return {d.first * static_cast<float>(scale), -d.second * static_cast<float>(minimum)};
}

struct Q4K {  // d f16, dmin f16, scales[12], nibbles[128]
  static constexpr int kElements = 256, kBytes = 144, kGroup = 32, kZero = 0;
  static HWY_ATTR GroupScale scale(Bytes block, int s) {
    const TwoHalves d = halves_at(block);
    return six_bit_scale(block + 4, s, d);
  }
  static HWY_ATTR Quants quants(Bytes block, int s, int e) {
    return bits_of(bytes_at(block + 16 + s / 2 * 32 + e), s % 2 * 4, 15);
  }
};

struct Q5K {  // d f16, dmin f16, scales[12], high_bits[32], nibbles[128]
  static constexpr int kElements = 256, kBytes = 176, kGroup = 32, kZero = 0;
  static HWY_ATTR GroupScale scale(Bytes block, int s) {
    const TwoHalves d = halves_at(block);
    return six_bit_scale(block + 4, s, d);
  }
  static HWY_ATTR Quants quants(Bytes block, int s, int e) {
    const Quants high = bits_of(bytes_at(block + 16 + e), s, 1);
    return hn::Or(bits_of(bytes_at(block + 48 + s / 2 * 32 + e), s % 2 * 4, 15), hn::ShiftLeft<4>(high));
  }
};

struct Q6K {  // nibbles[128], crumbs[64], scales i8[16], d f16
  static constexpr int kElements = 256, kBytes = 210, kGroup = 16, kZero = 32;
  static HWY_ATTR GroupScale scale(Bytes block, int s) {
    const float d = halves_before(block + kBytes).second;
    return {d * static_cast<float>(static_cast<int8_t>(block[192 + s])), 0.0f};
  }
  static HWY_ATTR Quants quants(Bytes block, int s, int e) {
    const int half = s / 8, quarter = s % 8 / 2, part = s % 2 * 16;
    const Quants low = bits_of(bytes_at(block + half * 64 + quarter % 2 * 32 + part + e), quarter / 2 * 4, 15);
    const Quants high = bits_of(bytes_at(block + 128 + half * 32 + part + e), quarter * 2, 3);
    return hn::Or(low, hn::ShiftLeft<4>(high));
  }
};

/// Exact for the same reason as in tensor/quant.cpp.
template <class Format>
HWY_ATTR void expand_format(Bytes block, int64_t count, float* out) {
  const int step = quants_at_once();
  const Quants zero = hn::Set(BlockI(), Format::kZero);
  for (const float* end = out + count; out != end; block += Format::kBytes) {
    for (int s = 0; s < Format::kElements / Format::kGroup; ++s) {
      const GroupScale g = Format::scale(block, s);
      const BlockV scale = hn::Set(BlockD(), g.scale), minimum = hn::Set(BlockD(), g.minimum);
      for (int e = 0; e < Format::kGroup; e += step, out += step) {
        const BlockV q = hn::ConvertTo(BlockD(), hn::Sub(Format::quants(block, s, e), zero));
        hn::StoreU(hn::MulAdd(scale, q, minimum), BlockD(), out);
      }
    }
  }
}

/// Calls f with the format of the blocks.
template <class F>
HWY_ATTR void with_format(QuantType type, F&& f) {
  switch (type) {
    case QuantType::q4_0:
      return f.template operator()<Q4_0>();
    case QuantType::q4_1:
      return f.template operator()<Q4_1>();
    case QuantType::q5_0:
      return f.template operator()<Q5_0>();
    case QuantType::q5_1:
      return f.template operator()<Q5_1>();
    case QuantType::q8_0:
      return f.template operator()<Q8_0>();
    case QuantType::q2_k:
      return f.template operator()<Q2K>();
    case QuantType::q3_k:
      return f.template operator()<Q3K>();
    case QuantType::q4_k:
      return f.template operator()<Q4K>();
    case QuantType::q5_k:
      return f.template operator()<Q5K>();
    case QuantType::q6_k:
      return f.template operator()<Q6K>();
    default:
      fail(ErrorCode::internal, "{} is stored without blocks", name_of(type));
  }
}

HWY_ATTR void ExpandBlocks(QuantType type, Bytes blocks, int64_t count, float* out) {
  with_format(type, [&]<class Format>() HWY_ATTR { expand_format<Format>(blocks, count, out); });
}

}  // namespace temper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper::cpu {

HWY_EXPORT(ExpandBlocks);

void expand_blocks(QuantType type, const std::byte* blocks, int64_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(ExpandBlocks)(type, reinterpret_cast<const uint8_t*>(blocks), count, out);
}

}  // namespace temper::cpu
#endif
