// Highway compiles this file once for each instruction set below and picks the best one that the machine has.
// A block is `scale x (quant - zero) + minimum` by groups of 16 or 32 values, so its part of a dot product is
// scale (quants . x) + (minimum - zero scale) (sum of x). Work for four quants of 16 rows: about 4 instructions to
// bring them to bytes (panel_formats-inl.h), 10 to convert them to f32, 4 multiply-adds a row of x. With codes, integer
// instructions multiply and add two or four quants at a time: 3 to 7 instructions in place of 14.
#include "device/cpu/block_panels.h"

#include <algorithm>
#include <cstring>

#include "base/fail.h"
#include "device/cpu/vector_math.h"

// Between these sets nothing here would differ much, and each costs compile time.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/block_panels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/cache_control.h>

#include "device/cpu/panel_formats-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::cpu::HWY_NAMESPACE {

/// Byte j of each lane.
template <class Format, int j>
HWY_ATTR PanelWords byte_of(PanelWords quants) {
  if constexpr (Format::kSigned) return hn::ShiftRight<24>(hn::ShiftLeft<24 - 8 * j>(quants));
  if constexpr (j == 0) return hn::And(quants, hn::Set(PanelI(), 255));
  if constexpr (j == 3)
    return hn::BitCast(PanelI(), hn::ShiftRight<24>(hn::BitCast(hn::RebindToUnsigned<PanelI>(), quants)));
  return hn::And(hn::ShiftRight<8 * j>(quants), hn::Set(PanelI(), 255));
}

template <class Format, int j, int kRows>
HWY_ATTR void add_products(PanelWords quants, const float* x, int64_t n, PanelV* parts) {
  const PanelV q = as_floats(byte_of<Format, j>(quants));
  for (int r = 0; r < kRows; ++r) parts[r] = hn::MulAdd(q, hn::Set(PanelD(), x[r * n + j]), parts[r]);
}

constexpr int kPrefetchBytes = 4096;

// Loops over groups and their quants are unrolled so that shifts and offsets are constants: over groups where one row
// of x makes the most of it. Sanitizers make such functions so long that compiling this file took eight minutes.
constexpr int kChunksAtOnce = HWY_IS_ASAN ? 1 : 8;
constexpr int groups_at_once(int rows) {
  return rows > 1 || HWY_IS_ASAN ? 1 : 16;
}

/// Blocks ahead of the one at work are on their way: the processor's own prefetching ends with each page.
template <class Format>
HWY_ATTR void fetch_ahead(const PanelBlock& block) {
  for (int64_t line = 0; line < Format::kBytes * kPanelRows; line += 64)
    hwy::Prefetch(block.data + kPrefetchBytes + line);
}

/// The rows of one vector's lanes with kRows rows of x.
template <class Format, int kRows>
HWY_ATTR void dot_lanes(PanelBlock block, const PanelInput& in, PanelV* sums) {
  constexpr int kGroups = Format::kElements / Format::kGroup;
  const int64_t groups = in.n / Format::kGroup;
  for (int r = 0; r < kRows; ++r) sums[r] = hn::Zero(PanelD());
  const float* x = in.x;
  const float* group_sums = in.sums;
  for (int64_t first = 0; first < in.n; first += Format::kElements, block.data += Format::kBytes * kPanelRows) {
    fetch_ahead<Format>(block);
#pragma GCC unroll groups_at_once(kRows)
    for (int s = 0; s < kGroups; ++s, x += Format::kGroup, ++group_sums) {
      PanelV even[kRows], odd[kRows];  // two chains: a multiply-add waits for the one before it
      for (int r = 0; r < kRows; ++r) even[r] = odd[r] = hn::Zero(PanelD());
#pragma GCC unroll kChunksAtOnce
      for (int c = 0; c < Format::kGroup / 4; ++c) {
        const PanelWords quants = Format::quants(block, s, c);
        add_products<Format, 0, kRows>(quants, x + 4 * c, in.n, even);
        add_products<Format, 1, kRows>(quants, x + 4 * c, in.n, odd);
        add_products<Format, 2, kRows>(quants, x + 4 * c, in.n, even);
        add_products<Format, 3, kRows>(quants, x + 4 * c, in.n, odd);
      }
      const PanelScales g = Format::scales(block, s);
      for (int r = 0; r < kRows; ++r) {
        sums[r] = hn::MulAdd(g.scale, hn::Add(even[r], odd[r]), sums[r]);
        if constexpr (Format::kMinima || Format::kZero != 0) {
          const PanelV offset = hn::NegMulAdd(hn::Set(PanelD(), Format::kZero), g.scale, g.minimum);
          sums[r] = hn::MulAdd(offset, hn::Set(PanelD(), group_sums[r * groups]), sums[r]);
        }
      }
    }
  }
}

}  // namespace temper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

// Codes of four elements are two words. With VNNI: their high bytes, and their low bytes as signed numbers; quants are
// unsigned bytes. Else: elements 0 and 2, and 1 and 3, as 16-bit numbers.
#define TEMPER_PANELS_VNNI (HWY_TARGET == HWY_AVX3)
#define TEMPER_PANEL_CODES (TEMPER_PANELS_VNNI || HWY_TARGET == HWY_AVX2)

// AVX-512 alone doesn't bring VNNI: HasPanelCodes() asks for it.
#if TEMPER_PANELS_VNNI
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512vnni")
#else
HWY_BEFORE_NAMESPACE();
#endif
namespace temper::cpu::HWY_NAMESPACE {

#if TEMPER_PANEL_CODES
/// What the bytes of quants() are larger by than the format's quants.
template <class Format>
constexpr int code_zero() {
  return Format::kZero + (TEMPER_PANELS_VNNI && Format::kSigned ? 128 : 0);
}

/// Quants as the multiplication below takes them.
struct CodeFactors {
  PanelWords first, second;
};
template <class Format>
CodeFactors code_factors(PanelWords quants) {
#if TEMPER_PANELS_VNNI
  if constexpr (Format::kSigned) quants = hn::Xor(quants, hn::Set(PanelI(), static_cast<int>(0x80808080)));
  return {quants, quants};
#else
  const hn::Repartition<int16_t, PanelI> d16;
  if constexpr (Format::kSigned) {
    const auto pairs = hn::BitCast(d16, quants);
    return {hn::BitCast(PanelI(), hn::ShiftRight<8>(hn::ShiftLeft<8>(pairs))),
            hn::BitCast(PanelI(), hn::ShiftRight<8>(pairs))};
  } else {
    const PanelWords low = hn::Set(PanelI(), 0x00ff00ff);
    return {hn::And(quants, low), hn::And(hn::ShiftRight<8>(quants), low)};
  }
#endif
}

/// Sums of a group for one row of x: with VNNI those of high and low bytes apart.
struct CodeSums {
  PanelWords first, second;
};
inline void add_code_products(const CodeFactors& quants, const uint8_t* codes, CodeSums& sums) {
  int32_t words[2];
  std::memcpy(words, codes, sizeof words);
  const PanelWords x = hn::Set(PanelI(), words[0]), y = hn::Set(PanelI(), words[1]);
#if TEMPER_PANELS_VNNI
  sums.first.raw = _mm512_dpbusd_epi32(sums.first.raw, quants.first.raw, x.raw);
  sums.second.raw = _mm512_dpbusd_epi32(sums.second.raw, quants.second.raw, y.raw);
#else
  const hn::Repartition<int16_t, PanelI> d16;
  PanelWords unused = hn::Zero(PanelI());
  sums.first =
      hn::ReorderWidenMulAccumulate(PanelI(), hn::BitCast(d16, quants.first), hn::BitCast(d16, x), sums.first, unused);
  sums.second = hn::ReorderWidenMulAccumulate(PanelI(), hn::BitCast(d16, quants.second), hn::BitCast(d16, y),
                                              sums.second, unused);
#endif
}
inline PanelWords total_of(const CodeSums& sums) {
  return hn::Add(TEMPER_PANELS_VNNI ? hn::ShiftLeft<8>(sums.first) : sums.first, sums.second);
}

template <class Format, int kRows>
void dot_lanes(PanelBlock block, const PanelCodes& in, PanelV* sums) {
  constexpr int kGroups = Format::kElements / Format::kGroup, kZero = code_zero<Format>();
  const int64_t groups = in.n / Format::kGroup;
  for (int r = 0; r < kRows; ++r) sums[r] = hn::Zero(PanelD());
  const uint8_t* codes = in.codes;
  int64_t group = 0;
  for (int64_t first = 0; first < in.n; first += Format::kElements, block.data += Format::kBytes * kPanelRows) {
    fetch_ahead<Format>(block);
#pragma GCC unroll groups_at_once(kRows)
    for (int s = 0; s < kGroups; ++s, ++group, codes += 2 * Format::kGroup) {
      CodeSums parts[kRows];
      for (CodeSums& part : parts) part = {hn::Zero(PanelI()), hn::Zero(PanelI())};
#pragma GCC unroll kChunksAtOnce
      for (int c = 0; c < Format::kGroup / 4; ++c) {
        const CodeFactors quants = code_factors<Format>(Format::quants(block, s, c));
        for (int r = 0; r < kRows; ++r) add_code_products(quants, codes + 2 * r * in.n + 8 * c, parts[r]);
      }
      const PanelScales g = Format::scales(block, s);
      for (int r = 0; r < kRows; ++r) {
        const int64_t at = r * groups + group;
        PanelWords total = total_of(parts[r]);
        if constexpr (kZero != 0) total = hn::Sub(total, hn::Set(PanelI(), kZero * in.sums[at]));
        PanelV sum = hn::Mul(g.scale, as_floats(total));
        if constexpr (Format::kMinima)
          sum = hn::MulAdd(g.minimum, hn::Set(PanelD(), static_cast<float>(in.sums[at])), sum);
        sums[r] = hn::MulAdd(hn::Set(PanelD(), in.scales[at]), sum, sums[r]);
      }
    }
  }
}

/// Of four 16-bit numbers: their high bytes for low bytes that are signed, then the low bytes.
inline uint64_t high_and_low_bytes(uint64_t four) {
  constexpr uint64_t kBytes = 0x00ff00ff00ff00ff, kHalf = 0x0080008000800080;
  // A low byte from 128 on stands for one less than its number, and the high byte for one more.
  const uint64_t low = four & kBytes;
  const uint64_t high = ((four >> 8 & kBytes) + ((low & kHalf) >> 7)) & kBytes;
  const auto gather = [](uint64_t bytes) {  // bytes 0, 2, 4 and 6 as 0 to 3
    bytes = (bytes | bytes >> 8) & 0x0000ffff0000ffff;
    return (bytes | bytes >> 16) & 0xffffffff;
  };
  return gather(high) | gather(low) << 32;
}
/// Numbers 0 and 2, then 1 and 3.
inline uint64_t even_and_odd(uint64_t four) {
  return (four & 0xffff00000000ffff) | (four >> 16 & 0xffff0000) | (four & 0xffff0000) << 16;
}

/// Codes of a group, and its scale.
float encode_group(const float* x, int64_t group, uint8_t* codes, int32_t* sum) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(PanelD()));
  PanelV top = hn::Zero(PanelD()), invalid = top;  // NaN if an element is infinite or NaN
  for (int64_t i = 0; i < group; i += lanes) {
    const PanelV v = hn::LoadU(PanelD(), x + i);
    top = hn::Max(top, hn::Abs(v));
    invalid = hn::Add(invalid, hn::Sub(v, v));
  }
  constexpr float kLargest = 127 * 256;
  const float largest = hn::GetLane(hn::MaxOfLanes(PanelD(), top));
  const float wrong = hn::GetLane(hn::SumOfLanes(PanelD(), invalid));
  // Of the smallest numbers the reciprocal would be infinite.
  if (wrong != 0.0f || largest < 1e-30f) {
    std::memset(codes, 0, static_cast<size_t>(2 * group));
    *sum = 0;
    return wrong;
  }
  const PanelV factor = hn::Set(PanelD(), kLargest / largest);
  HWY_ALIGN int16_t rounded[32];
  PanelWords total = hn::Zero(PanelI());
  const hn::Rebind<int16_t, PanelI> d16;
  for (int64_t i = 0; i < group; i += lanes) {
    const PanelWords r = hn::NearestInt(hn::Mul(hn::LoadU(PanelD(), x + i), factor));
    total = hn::Add(total, r);
    hn::StoreU(hn::DemoteTo(d16, r), d16, rounded + i);
  }
  *sum = hn::GetLane(hn::SumOfLanes(PanelI(), total));
  for (int64_t i = 0; i < group; i += 4, codes += 8) {
    uint64_t four;
    std::memcpy(&four, rounded + i, sizeof four);
    four = TEMPER_PANELS_VNNI ? high_and_low_bytes(four) : even_and_odd(four);
    std::memcpy(codes, &four, sizeof four);
  }
  return largest / kLargest;
}
#else
template <class Format, int kRows>
void dot_lanes(PanelBlock, const PanelCodes&, PanelV*) {
  TEMPER_ASSERT(false);  // prefers_panel_codes()
}
float encode_group(const float*, int64_t, uint8_t*, int32_t*) {
  TEMPER_ASSERT(false);
  return 0.0f;
}
#endif

}  // namespace temper::cpu::HWY_NAMESPACE
#if TEMPER_PANELS_VNNI
HWY_POP_ATTRIBUTES
#else
HWY_AFTER_NAMESPACE();
#endif

HWY_BEFORE_NAMESPACE();
namespace temper::cpu::HWY_NAMESPACE {

/// A panel, of which `used` rows exist, with kRows rows of x.
template <class Format, int kRows, class Input>
HWY_ATTR void dot_panel(const uint8_t* panel, int64_t used, const Input& in, float* y, int64_t y_stride) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(PanelD()));
  for (int64_t lane = 0; lane < used; lane += lanes) {
    PanelV sums[kRows];
    dot_lanes<Format, kRows>({panel, lane}, in, sums);
    for (int r = 0; r < kRows; ++r) {
      float* to = y + r * y_stride + lane;
      if (lane + lanes <= used) {
        hn::StoreU(sums[r], PanelD(), to);
      } else {
        HWY_ALIGN float all[kPanelRows];
        hn::Store(sums[r], PanelD(), all);
        std::copy_n(all, used - lane, to);
      }
    }
  }
}

/// The input without its first `rows` rows.
inline PanelInput after(PanelInput in, int64_t rows, int64_t groups) {
  return {in.x + rows * in.n, in.rows - rows, in.n, in.sums + rows * groups};
}
inline PanelCodes after(PanelCodes in, int64_t rows, int64_t groups) {
  return {in.codes + 2 * rows * in.n, in.scales + rows * groups, in.sums + rows * groups, in.rows - rows, in.n};
}

template <class Format, class Input>
HWY_ATTR void dot_format(const uint8_t* panel, int64_t used, Input in, float* y, int64_t y_stride) {
  static_assert(kMaxDotRows == 8);
  const auto next = [&](int64_t rows) {
    in = after(in, rows, in.n / Format::kGroup);
    y += rows * y_stride;
  };
  for (; in.rows >= 4; next(4)) dot_panel<Format, 4>(panel, used, in, y, y_stride);
  for (; in.rows >= 2; next(2)) dot_panel<Format, 2>(panel, used, in, y, y_stride);
  for (; in.rows >= 1; next(1)) dot_panel<Format, 1>(panel, used, in, y, y_stride);
}

template <class Input>
HWY_ATTR void dot_all(QuantType type, const uint8_t* panels, int64_t begin, int64_t end, int64_t weight_rows,
                      const Input& in, float* y, int64_t y_stride) {
  with_panel_format(type, [&]<class Format>() HWY_ATTR {
    const int64_t bytes = in.n / Format::kElements * Format::kBytes * kPanelRows;
    for (int64_t i = begin; i < end; ++i)
      dot_format<Format>(panels + i * bytes, std::min(kPanelRows, weight_rows - i * kPanelRows), in, y + i * kPanelRows,
                         y_stride);
  });
}
HWY_ATTR void DotPanels(QuantType type, const uint8_t* panels, int64_t begin, int64_t end, int64_t weight_rows,
                        const PanelInput& in, float* y, int64_t y_stride) {
  dot_all(type, panels, begin, end, weight_rows, in, y, y_stride);
}
HWY_ATTR void DotPanelCodes(QuantType type, const uint8_t* panels, int64_t begin, int64_t end, int64_t weight_rows,
                            const PanelCodes& in, float* y, int64_t y_stride) {
  dot_all(type, panels, begin, end, weight_rows, in, y, y_stride);
}
bool HasPanelCodes() {
#if TEMPER_PANELS_VNNI
  return __builtin_cpu_supports("avx512vnni");
#else
  return TEMPER_PANEL_CODES;
#endif
}
HWY_ATTR void EncodeGroups(const float* x, int64_t count, int64_t group, uint8_t* codes, float* scales, int32_t* sums) {
  for (int64_t i = 0; i < count / group; ++i)
    scales[i] = encode_group(x + i * group, group, codes + 2 * i * group, sums + i);
}

/// Fields of the block of row `lane` to their places in the panel's block.
template <class Format>
void place_block(const uint8_t* block, int64_t lane, uint8_t* out) {
  for (int at = 0; at < Format::kBytes;) {
    const bool half = std::ranges::find(Format::kHalves, at) != Format::kHalves.end();
    const int size = half ? 2 : 4;
    std::memcpy(out + at * kPanelRows + lane * size, block + at, static_cast<size_t>(size));
    at += size;
  }
}

void PackPanels(QuantType type, const uint8_t* blocks, int64_t rows, int64_t columns, int64_t begin, int64_t end,
                uint8_t* panels) {
  with_panel_format(type, [&]<class Format> {
    const int64_t row_blocks = columns / Format::kElements, row_bytes = row_blocks * Format::kBytes;
    for (int64_t i = begin; i < end; ++i) {
      uint8_t* panel = panels + i * kPanelRows * row_bytes;
      const int64_t used = std::min(kPanelRows, rows - i * kPanelRows);
      if (used < kPanelRows) std::memset(panel, 0, static_cast<size_t>(kPanelRows * row_bytes));
      for (int64_t b = 0; b < row_blocks; ++b)
        for (int64_t lane = 0; lane < used; ++lane)
          place_block<Format>(blocks + (i * kPanelRows + lane) * row_bytes + b * Format::kBytes, lane,
                              panel + b * Format::kBytes * kPanelRows);
    }
  });
}

}  // namespace temper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper::cpu {

HWY_EXPORT(DotPanels);
HWY_EXPORT(DotPanelCodes);
HWY_EXPORT(HasPanelCodes);
HWY_EXPORT(EncodeGroups);
HWY_EXPORT(PackPanels);

int64_t block_group(QuantType type) {
  return type == QuantType::q2_k || type == QuantType::q3_k || type == QuantType::q6_k ? 16 : 32;
}

void sum_block_groups(QuantType type, const float* x, int64_t count, float* sums) {
  const int64_t group = block_group(type);
  for (int64_t i = 0; i < count / group; ++i) sums[i] = sum_values(x + i * group, group);
}

void pack_panels(QuantType type, const std::byte* blocks, int64_t rows, int64_t columns, int64_t begin, int64_t end,
                 std::byte* panels) {
  HWY_DYNAMIC_DISPATCH(PackPanels)
  (type, reinterpret_cast<const uint8_t*>(blocks), rows, columns, begin, end, reinterpret_cast<uint8_t*>(panels));
}

void dot_panels(QuantType type, const std::byte* panels, int64_t begin, int64_t end, int64_t weight_rows,
                const PanelInput& input, float* y, int64_t y_stride) {
  HWY_DYNAMIC_DISPATCH(DotPanels)
  (type, reinterpret_cast<const uint8_t*>(panels), begin, end, weight_rows, input, y, y_stride);
}

bool prefers_panel_codes() {
  return HWY_DYNAMIC_DISPATCH(HasPanelCodes)();
}

int64_t panel_code_space(QuantType type, int64_t rows, int64_t n) {
  return rows * (n / 2 + 2 * (n / block_group(type)));
}

PanelCodes make_panel_codes(QuantType type, const float* x, int64_t rows, int64_t n, float* space) {
  const int64_t group = block_group(type), groups = rows * (n / group);
  auto* codes = reinterpret_cast<uint8_t*>(space);
  float* scales = space + rows * n / 2;
  auto* sums = reinterpret_cast<int32_t*>(scales + groups);
  HWY_DYNAMIC_DISPATCH(EncodeGroups)(x, rows * n, group, codes, scales, sums);
  return {codes, scales, sums, rows, n};
}

void dot_panels(QuantType type, const std::byte* panels, int64_t begin, int64_t end, int64_t weight_rows,
                const PanelCodes& input, float* y, int64_t y_stride) {
  HWY_DYNAMIC_DISPATCH(DotPanelCodes)
  (type, reinterpret_cast<const uint8_t*>(panels), begin, end, weight_rows, input, y, y_stride);
}

}  // namespace temper::cpu
#endif
