// GGUF's blocks in panels, for files that Highway compiles once for each instruction set: such a file includes this
// after hwy/foreach_target.h. Fields of a block are interleaved by rows: two bytes of each row for an f16 scale, four
// for everything else, so that a vector of 32-bit lanes holds four consecutive bytes of each row. A format says how
// those become four quants. Layouts: tensor/quant.cpp.
#if defined(TEMPER_DEVICE_CPU_PANEL_FORMATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TEMPER_DEVICE_CPU_PANEL_FORMATS_INL_H_
#undef TEMPER_DEVICE_CPU_PANEL_FORMATS_INL_H_
#else
#define TEMPER_DEVICE_CPU_PANEL_FORMATS_INL_H_
#endif

#include <hwy/highway.h>

#include <array>

#include "base/fail.h"
#include "device/cpu/block_panels.h"

HWY_BEFORE_NAMESPACE();
namespace temper::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using PanelD = hn::CappedTag<float, kPanelRows>;
using PanelI = hn::RebindToSigned<PanelD>;
using PanelV = hn::Vec<PanelD>;
using PanelWords = hn::Vec<PanelI>;

/// A block of each of the rows of some lanes.
struct PanelBlock {
  const uint8_t* data;
  int64_t lane;

  /// The four bytes at `offset` of each row's block.
  HWY_ATTR PanelWords words(int offset) const {
    return hn::BitCast(PanelI(), hn::LoadU(hn::Repartition<uint8_t, PanelI>(), data + offset * kPanelRows + lane * 4));
  }
  /// The f16 value at `offset` of each row's block.
  HWY_ATTR PanelV half(int offset) const {
    const hn::Rebind<hwy::float16_t, PanelD> d;
    return hn::PromoteTo(PanelD(),
                         hn::LoadU(d, reinterpret_cast<const hwy::float16_t*>(data + offset * kPanelRows + lane * 2)));
  }
};

inline HWY_ATTR PanelWords masked(PanelWords words, int shift, int mask) {
  return hn::And(hn::ShiftRightSame(words, shift), hn::Set(PanelI(), mask));
}
inline HWY_ATTR PanelV as_floats(PanelWords words) {
  return hn::ConvertTo(PanelD(), words);
}

/// Of the rows of a panel: values of a group are scale (quant - kZero of the format) + minimum.
struct PanelScales {
  PanelV scale, minimum;
};
inline HWY_ATTR PanelScales scale_alone(PanelV scale) {
  return {scale, hn::Zero(PanelD())};
}

/// A format's blocks and where their f16 fields are: a scale, and in formats that have minima a second one for them.
template <int elements, int bytes, int group, int zero, int... halves>
struct PanelLayout {
  static constexpr int kElements = elements, kBytes = bytes, kGroup = group, kZero = zero;
  static constexpr std::array kHalves = {halves...};
  static constexpr bool kMinima = sizeof...(halves) == 2;
  static constexpr bool kSigned = false;  // quants are signed bytes
};

// A format: its layout, the scales of group s, and the quants 4 c .. 4 c + 3 of group s in the bytes of each lane.
constexpr int kNibbles = 0x0f0f0f0f, kCrumbs = 0x03030303, kOnes = 0x01010101;

inline HWY_ATTR PanelWords nibbles_of(const PanelBlock& block, int offset, int c) {
  return masked(block.words(offset + c % 4 * 4), c / 4 * 4, kNibbles);
}
/// Bits 4 c .. 4 c + 3 of each row's word as 16 or 0 in the bytes of each lane.
inline HWY_ATTR PanelWords fifth_bits_of(const PanelBlock& block, int offset, int c) {
  const PanelWords bits = hn::ShiftRightSame(block.words(offset), 4 * c);
  const auto bit = [&](int j)
                       HWY_ATTR { return hn::And(hn::ShiftLeftSame(bits, 7 * j + 4), hn::Set(PanelI(), 16 << 8 * j)); };
  return hn::Or(hn::Or(bit(0), bit(1)), hn::Or(bit(2), bit(3)));
}

struct PanelQ4_0 : PanelLayout<32, 18, 32, 8, 0> {
  static HWY_ATTR PanelScales scales(const PanelBlock& b, int) { return scale_alone(b.half(0)); }
  static HWY_ATTR PanelWords quants(const PanelBlock& b, int, int c) { return nibbles_of(b, 2, c); }
};

struct PanelQ4_1 : PanelLayout<32, 20, 32, 0, 0, 2> {
  static HWY_ATTR PanelScales scales(const PanelBlock& b, int) { return {b.half(0), b.half(2)}; }
  static HWY_ATTR PanelWords quants(const PanelBlock& b, int, int c) { return nibbles_of(b, 4, c); }
};

struct PanelQ5_0 : PanelLayout<32, 22, 32, 16, 0> {
  static HWY_ATTR PanelScales scales(const PanelBlock& b, int) { return scale_alone(b.half(0)); }
  static HWY_ATTR PanelWords quants(const PanelBlock& b, int, int c) {
    return hn::Or(nibbles_of(b, 6, c), fifth_bits_of(b, 2, c));
  }
};

struct PanelQ5_1 : PanelLayout<32, 24, 32, 0, 0, 2> {
  static HWY_ATTR PanelScales scales(const PanelBlock& b, int) { return {b.half(0), b.half(2)}; }
  static HWY_ATTR PanelWords quants(const PanelBlock& b, int, int c) {
    return hn::Or(nibbles_of(b, 8, c), fifth_bits_of(b, 4, c));
  }
};

struct PanelQ8_0 : PanelLayout<32, 34, 32, 0, 0> {
  static constexpr bool kSigned = true;
  static HWY_ATTR PanelScales scales(const PanelBlock& b, int) { return scale_alone(b.half(0)); }
  static HWY_ATTR PanelWords quants(const PanelBlock& b, int, int c) { return b.words(2 + c * 4); }
};

/// Two bits of group s of q2_k and q3_k.
inline HWY_ATTR PanelWords crumbs_of(const PanelBlock& b, int offset, int s, int c) {
  return masked(b.words(offset + s / 8 * 32 + s % 2 * 16 + c * 4), s % 8 / 2 * 2, kCrumbs);
}

struct PanelQ2K : PanelLayout<256, 84, 16, 0, 80, 82> {
  static HWY_ATTR PanelScales scales(const PanelBlock& b, int s) {
    const PanelWords packed = b.words(s / 4 * 4);
    return {hn::Mul(b.half(80), as_floats(masked(packed, s % 4 * 8, 15))),
            hn::Neg(hn::Mul(b.half(82), as_floats(masked(packed, s % 4 * 8 + 4, 15))))};
  }
  static HWY_ATTR PanelWords quants(const PanelBlock& b, int s, int c) { return crumbs_of(b, 16, s, c); }
};

struct PanelQ3K : PanelLayout<256, 110, 16, 4, 108> {
  static HWY_ATTR PanelScales scales(const PanelBlock& b, int s) {
    const PanelWords nibble = masked(b.words(96 + s % 8 / 4 * 4), s % 4 * 8 + s / 8 * 4, 15);
    const PanelWords top = masked(b.words(104), s % 4 * 8 + s / 4 * 2, 3);
    const PanelWords scale = hn::Sub(hn::Or(nibble, hn::ShiftLeft<4>(top)), hn::Set(PanelI(), 32));
    return scale_alone(hn::Mul(b.half(108), as_floats(scale)));
  }
  static HWY_ATTR PanelWords quants(const PanelBlock& b, int s, int c) {
    const PanelWords high = masked(b.words(s % 2 * 16 + c * 4), s / 2, kOnes);
    return hn::Or(crumbs_of(b, 32, s, c), hn::ShiftLeft<2>(high));
  }
};

/// The eight 6-bit scales and minima of q4_k and q5_k in 12 bytes at 4.
inline HWY_ATTR PanelScales six_bit_scales(const PanelBlock& b, int s) {
  const PanelWords first = b.words(4), second = b.words(8), third = b.words(12);
  const int shift = s % 4 * 8;
  PanelWords scale, minimum;
  if (s < 4) {
    scale = masked(first, shift, 63);
    minimum = masked(second, shift, 63);
  } else {
    scale = hn::Or(masked(third, shift, 15), hn::ShiftLeft<4>(masked(first, shift + 6, 3)));
    minimum = hn::Or(masked(third, shift + 4, 15), hn::ShiftLeft<4>(masked(second, shift + 6, 3)));
  }
  return {hn::Mul(b.half(0), as_floats(scale)), hn::Neg(hn::Mul(b.half(2), as_floats(minimum)))};
}

struct PanelQ4K : PanelLayout<256, 144, 32, 0, 0, 2> {
  static HWY_ATTR PanelScales scales(const PanelBlock& b, int s) { return six_bit_scales(b, s); }
  static HWY_ATTR PanelWords quants(const PanelBlock& b, int s, int c) {
    return masked(b.words(16 + s / 2 * 32 + c * 4), s % 2 * 4, kNibbles);
  }
};

struct PanelQ5K : PanelLayout<256, 176, 32, 0, 0, 2> {
  static HWY_ATTR PanelScales scales(const PanelBlock& b, int s) { return six_bit_scales(b, s); }
  static HWY_ATTR PanelWords quants(const PanelBlock& b, int s, int c) {
    const PanelWords high = masked(b.words(16 + c * 4), s, kOnes);
    return hn::Or(masked(b.words(48 + s / 2 * 32 + c * 4), s % 2 * 4, kNibbles), hn::ShiftLeft<4>(high));
  }
};

struct PanelQ6K : PanelLayout<256, 210, 16, 32, 208> {
  static HWY_ATTR PanelScales scales(const PanelBlock& b, int s) {
    const PanelWords byte = hn::ShiftLeftSame(b.words(192 + s / 4 * 4), 24 - s % 4 * 8);
    return scale_alone(hn::Mul(b.half(208), as_floats(hn::ShiftRight<24>(byte))));
  }
  static HWY_ATTR PanelWords quants(const PanelBlock& b, int s, int c) {
    const int half = s / 8, quarter = s % 8 / 2, part = s % 2 * 16 + c * 4;
    const PanelWords low = masked(b.words(half * 64 + quarter % 2 * 32 + part), quarter / 2 * 4, kNibbles);
    const PanelWords high = masked(b.words(128 + half * 32 + part), quarter * 2, kCrumbs);
    return hn::Or(low, hn::ShiftLeft<4>(high));
  }
};

/// Calls f with the format of the blocks.
template <class F>
HWY_ATTR void with_panel_format(QuantType type, F&& f) {
  switch (type) {
    case QuantType::q4_0:
      return f.template operator()<PanelQ4_0>();
    case QuantType::q4_1:
      return f.template operator()<PanelQ4_1>();
    case QuantType::q5_0:
      return f.template operator()<PanelQ5_0>();
    case QuantType::q5_1:
      return f.template operator()<PanelQ5_1>();
    case QuantType::q8_0:
      return f.template operator()<PanelQ8_0>();
    case QuantType::q2_k:
      return f.template operator()<PanelQ2K>();
    case QuantType::q3_k:
      return f.template operator()<PanelQ3K>();
    case QuantType::q4_k:
      return f.template operator()<PanelQ4K>();
    case QuantType::q5_k:
      return f.template operator()<PanelQ5K>();
    case QuantType::q6_k:
      return f.template operator()<PanelQ6K>();
    default:
      fail(ErrorCode::internal, "{} is stored without blocks", name_of(type));
  }
}

}  // namespace temper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
