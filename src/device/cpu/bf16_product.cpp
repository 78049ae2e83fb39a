// Tiles of 32 x 32 results. A panel holds 32 columns of B as [k / 32][2 halves][16 pairs of rows][16 columns][2 rows]:
// each half is the 1 KiB that an AMX tile loads, and each pair of rows the vector that vdpbf16ps multiplies with two
// broadcast values of A. Values beyond k and n are zeros. Work 2 m n k flops; packing reads B once a block of rows.
#include "device/cpu/bf16_product.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#define TEMPER_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define TEMPER_AMX __attribute__((target("avx512f,amx-tile,amx-bf16")))
#endif

namespace temper::cpu {
namespace {

constexpr int64_t kTile = 32;         // rows and columns of a tile of results, and the step along k
constexpr int64_t kHalf = kTile / 2;  // columns of one vector or AMX tile
constexpr int64_t kStepValues = kTile * kTile;
constexpr int64_t kPanelBytes = 256 << 10;  // packed panels that a slice keeps in the second-level cache

int64_t steps_of(int64_t k) {
  return (k + kTile - 1) / kTile;
}

/// What an instruction set provides.
struct TileKernel {
  /// Adds `steps` steps of A [rows, 32 steps] and a panel to c [32, 32] from zero, then those of the second product.
  struct Factors {
    const bf16_t* a;
    int64_t lda;
    const bf16_t* panel;
    int64_t steps;
  };
  void (*begin)();
  void (*multiply)(const Factors& first, const Factors& second, bool both_halves_of_rows, float* c);
  void (*end)();
  /// 32 rows b_0.. of values, `stride` apart, k values each: the columns of a panel.
  void (*pack_transposed)(const bf16_t* b, int64_t stride, int64_t steps, bf16_t* panel);
  /// k rows of 32 values.
  void (*pack)(const bf16_t* b, int64_t stride, int64_t k, bf16_t* panel);
  void (*store)(const float* c, int64_t rows, int64_t columns, bf16_t* y, int64_t stride);
  void (*add)(const float* c, int64_t rows, int64_t columns, float* y, int64_t stride);
};

void nothing() {}

/// Where B's value of a row and one of 32 columns lies in a panel.
int64_t panel_index(int64_t row, int64_t column) {
  return row / kTile * kStepValues + column / kHalf * (kStepValues / 2) +
         (row % kTile / 2 * kHalf + column % kHalf) * 2 + row % 2;
}

// Portable: defines the result, up to the order of the two products in a pair.

void multiply_portable(const TileKernel::Factors& first, const TileKernel::Factors& second, bool both, float* c) {
  std::fill_n(c, kTile * kTile, 0.0f);
  const int64_t rows = both ? kTile : kHalf;
  for (const TileKernel::Factors* f : {&first, &second})
    for (int64_t k = 0; k < f->steps * kTile; ++k)
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < kTile; ++j)
          c[i * kTile + j] += to_f32(f->a[i * f->lda + k]) * to_f32(f->panel[panel_index(k, j)]);
}

void pack_transposed_portable(const bf16_t* b, int64_t stride, int64_t steps, bf16_t* panel) {
  for (int64_t j = 0; j < kTile; ++j)
    for (int64_t k = 0; k < steps * kTile; ++k) panel[panel_index(k, j)] = b[j * stride + k];
}

void pack_portable(const bf16_t* b, int64_t stride, int64_t k, bf16_t* panel) {
  const bf16_t zero{0};
  for (int64_t row = 0; row < steps_of(k) * kTile; ++row)
    for (int64_t j = 0; j < kTile; ++j) panel[panel_index(row, j)] = row < k ? b[row * stride + j] : zero;
}

void store_portable(const float* c, int64_t rows, int64_t columns, bf16_t* y, int64_t stride) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) y[i * stride + j] = to_bf16(c[i * kTile + j]);
}

void add_portable(const float* c, int64_t rows, int64_t columns, float* y, int64_t stride) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) y[i * stride + j] += c[i * kTile + j];
}

void split_row_portable(const float* x, int64_t n, bf16_t* high, bf16_t* low) {
  for (int64_t i = 0; i < n; ++i) {
    const bf16_t rounded = to_bf16(x[i]);
    const float rest = x[i] - to_f32(rounded);
    high[i] = rounded;
    low[i] = std::isfinite(rest) ? to_bf16(rest) : bf16_t{0};
  }
}

constexpr TileKernel kPortable = {nothing,       multiply_portable, nothing,     pack_transposed_portable,
                                  pack_portable, store_portable,    add_portable};

#if defined(__x86_64__)

// AVX-512 BF16: eight rows of results at a time in sixteen registers.

TEMPER_AVX512 void multiply_rows_avx512(const TileKernel::Factors& first, const TileKernel::Factors& second,
                                        int64_t row, float* c) {
  constexpr int kRows = 8;
  __m512 left[kRows], right[kRows];
  for (int i = 0; i < kRows; ++i) left[i] = right[i] = _mm512_setzero_ps();
  for (const TileKernel::Factors* f : {&first, &second}) {
    const bf16_t *a = f->a + row * f->lda, *panel = f->panel;
    for (int64_t step = 0; step < f->steps; ++step, panel += kStepValues, a += kTile)
      for (int64_t pair = 0; pair < kHalf; ++pair) {
        const auto b0 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(panel + pair * kTile));
        const auto b1 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(panel + kStepValues / 2 + pair * kTile));
        for (int i = 0; i < kRows; ++i) {
          int32_t two;
          std::memcpy(&two, a + i * f->lda + 2 * pair, sizeof two);
          const auto x = reinterpret_cast<__m512bh>(_mm512_set1_epi32(two));
          left[i] = _mm512_dpbf16_ps(left[i], x, b0);
          right[i] = _mm512_dpbf16_ps(right[i], x, b1);
        }
      }
  }
  for (int i = 0; i < kRows; ++i) {
    _mm512_storeu_ps(c + (row + i) * kTile, left[i]);
    _mm512_storeu_ps(c + (row + i) * kTile + kHalf, right[i]);
  }
}

void multiply_avx512(const TileKernel::Factors& first, const TileKernel::Factors& second, bool both, float* c) {
  for (int64_t row = 0; row < (both ? kTile : kHalf); row += 8) multiply_rows_avx512(first, second, row, c);
}

/// 16 x 16 values of 32 bits, pairs of bf16, from rows `stride` apart to the columns of `out`.
TEMPER_AVX512 void transpose_pairs(const bf16_t* b, int64_t stride, bf16_t* out) {
  __m512i r[16], t[16];
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_si512(b + i * stride);
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; ++i) {
    r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; ++i) {
    _mm512_storeu_si512(out + i * kTile, _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88));
    _mm512_storeu_si512(out + (i + 8) * kTile, _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd));
  }
}

TEMPER_AVX512 void pack_transposed_avx512(const bf16_t* b, int64_t stride, int64_t steps, bf16_t* panel) {
  for (int64_t step = 0; step < steps; ++step)
    for (int64_t half = 0; half < 2; ++half)
      transpose_pairs(b + half * kHalf * stride + step * kTile, stride,
                      panel + step * kStepValues + half * kStepValues / 2);
}

/// Row 2p in the low and row 2p + 1 in the high half of each 32 bits.
TEMPER_AVX512 void pack_avx512(const bf16_t* b, int64_t stride, int64_t k, bf16_t* panel) {
  for (int64_t row = 0; row < steps_of(k) * kTile; row += 2)
    for (int64_t half = 0; half < 2; ++half) {
      const __m256i* at = reinterpret_cast<const __m256i*>(b + row * stride + half * kHalf);
      const __m256i* below = reinterpret_cast<const __m256i*>(b + (row + 1) * stride + half * kHalf);
      const __m256i low = row < k ? _mm256_loadu_si256(at) : _mm256_setzero_si256();
      const __m256i high = row + 1 < k ? _mm256_loadu_si256(below) : _mm256_setzero_si256();
      const __m512i both =
          _mm512_or_si512(_mm512_cvtepu16_epi32(low), _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
      _mm512_storeu_si512(panel + row / kTile * kStepValues + half * kStepValues / 2 + row % kTile / 2 * kTile, both);
    }
}

/// To nearest even; NaN stays NaN.
TEMPER_AVX512 inline __m256i narrow(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  const __m512i result = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(result, 16));
}

/// A mask of the first `count` of 16 lanes; none for a negative count, all for a larger one.
__mmask16 first_lanes(int64_t count) {
  return static_cast<__mmask16>((1u << std::clamp<int64_t>(count, 0, kHalf)) - 1);
}

TEMPER_AVX512 void store_avx512(const float* c, int64_t rows, int64_t columns, bf16_t* y, int64_t stride) {
  const __mmask16 left = first_lanes(columns), right = first_lanes(columns - kHalf);
  for (int64_t i = 0; i < rows; ++i) {
    _mm256_mask_storeu_epi16(y + i * stride, left, narrow(_mm512_loadu_ps(c + i * kTile)));
    _mm256_mask_storeu_epi16(y + i * stride + kHalf, right, narrow(_mm512_loadu_ps(c + i * kTile + kHalf)));
  }
}

TEMPER_AVX512 void add_avx512(const float* c, int64_t rows, int64_t columns, float* y, int64_t stride) {
  const __mmask16 left = first_lanes(columns), right = first_lanes(columns - kHalf);
  for (int64_t i = 0; i < rows; ++i) {
    float* at = y + i * stride;
    _mm512_mask_storeu_ps(at, left, _mm512_add_ps(_mm512_maskz_loadu_ps(left, at), _mm512_loadu_ps(c + i * kTile)));
    at += kHalf;
    _mm512_mask_storeu_ps(at, right,
                          _mm512_add_ps(_mm512_maskz_loadu_ps(right, at), _mm512_loadu_ps(c + i * kTile + kHalf)));
  }
}

/// Like split_row_portable().
TEMPER_AVX512 void split_row_avx512(const float* x, int64_t n, bf16_t* high, bf16_t* low) {
  for (int64_t i = 0; i < n; i += kHalf) {
    const __mmask16 mask = first_lanes(n - i);
    const __m512 value = _mm512_maskz_loadu_ps(mask, x + i);
    const __m256i rounded = narrow(value);
    const __m512 rest =
        _mm512_sub_ps(value, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(rounded), 16)));
    constexpr int kNotFinite = 0x99;  // NaN, +-infinity
    const __mmask16 finite = _knot_mask16(_mm512_fpclass_ps_mask(rest, kNotFinite));
    _mm256_mask_storeu_epi16(high + i, mask, rounded);
    _mm256_mask_storeu_epi16(low + i, mask, narrow(_mm512_maskz_mov_ps(finite, rest)));
  }
}

constexpr TileKernel kAvx512 = {nothing,     multiply_avx512, nothing,   pack_transposed_avx512,
                                pack_avx512, store_avx512,    add_avx512};

// AMX: results in tiles 0 to 3, two of A's in 4 and 5, a panel's halves in 6 and 7.

TEMPER_AMX void begin_amx() {
  struct alignas(64) {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } const config;
  _tile_loadconfig(&config);
}
TEMPER_AMX void end_amx() {
  _tile_release();
}

TEMPER_AMX void multiply_amx(const TileKernel::Factors& first, const TileKernel::Factors& second, bool both, float* c) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (const TileKernel::Factors* f : {&first, &second}) {
    const bf16_t *a = f->a, *panel = f->panel, *below = f->a + kHalf * f->lda;
    const auto stride = static_cast<size_t>(f->lda) * sizeof(bf16_t);
    constexpr size_t kRowBytes = kTile * sizeof(bf16_t);
    // Rows a power of two apart fall into few sets of the first-level cache and would only drive each other out.
    const int64_t prefetched = stride % 1024 == 0 ? 0 : both ? kTile : kHalf;
    for (int64_t step = 0; step < f->steps; ++step, a += kTile, below += kTile, panel += kStepValues) {
      for (int64_t i = 0; i < prefetched; ++i) _mm_prefetch(a + i * f->lda + 2 * kTile, _MM_HINT_T0);
      _tile_loadd(4, a, stride);
      _tile_loadd(6, panel, kRowBytes);
      _tile_loadd(7, panel + kStepValues / 2, kRowBytes);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      if (both) {
        _tile_loadd(5, below, stride);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
  }
  constexpr size_t kResultBytes = kTile * sizeof(float);
  _tile_stored(0, c, kResultBytes);
  _tile_stored(1, c + kHalf, kResultBytes);
  _tile_stored(2, c + kHalf * kTile, kResultBytes);
  _tile_stored(3, c + kHalf * kTile + kHalf, kResultBytes);
}

constexpr TileKernel kAmx = {begin_amx,   multiply_amx, end_amx,   pack_transposed_avx512,
                             pack_avx512, store_avx512, add_avx512};

/// The kernel lets a process use the tiles' registers on demand only.
bool may_use_amx() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return __builtin_cpu_supports("amx-bf16") && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

#endif

const TileKernel& tile_kernel(Bf16Kernel kernel) {
#if defined(__x86_64__)
  if (kernel == Bf16Kernel::amx) return kAmx;
  if (kernel == Bf16Kernel::avx512) return kAvx512;
#endif
  (void)kernel;
  return kPortable;
}

/// Rows [row, row + rows) of A, rows up to 32 and columns up to a whole step filled with zeros.
void pad_rows(const bf16_t* a, int64_t lda, int64_t row, int64_t rows, int64_t k, bf16_t* to) {
  const int64_t padded = steps_of(k) * kTile;
  if (k == 0) return;
  std::fill_n(to, kTile * padded, bf16_t{0});
  for (int64_t i = 0; i < rows; ++i)
    std::memcpy(to + i * padded, a + (row + i) * lda, static_cast<size_t>(k) * sizeof(bf16_t));
}

/// A's rows in strips of 32, with k filled up to whole steps: where they lie if they fit, else copies.
class Strips {
 public:
  Strips(const bf16_t* a, int64_t lda, int64_t m, int64_t k, bf16_t* space)
      : a_(a), lda_(lda), k_(k), first_copy_(strips_in_place(m, k)), space_(space) {
    for (int64_t strip = first_copy_; strip * kTile < m; ++strip)
      pad_rows(a, lda, strip * kTile, std::min(kTile, m - strip * kTile), k,
               space + (strip - first_copy_) * kTile * steps_of(k) * kTile);
  }
  /// Values that `space` must have.
  static int64_t space(int64_t m, int64_t k) {
    return (steps_of(m) - strips_in_place(m, k)) * kTile * steps_of(k) * kTile;
  }
  TileKernel::Factors factors(int64_t strip, const bf16_t* panel) const {
    const int64_t steps = steps_of(k_);
    if (strip < first_copy_) return {a_ + strip * kTile * lda_, lda_, panel, steps};
    return {space_ + (strip - first_copy_) * kTile * steps * kTile, steps * kTile, panel, steps};
  }

 private:
  static int64_t strips_in_place(int64_t m, int64_t k) { return k % kTile ? 0 : m / kTile; }

  const bf16_t* a_;
  int64_t lda_, k_, first_copy_;
  bf16_t* space_;
};

/// Columns [column, column + 32) of B, those beyond n as zeros. `copy`: space for a panel's values.
void pack_panel(const TileKernel& kernel, const Bf16Right& b, int64_t k, int64_t n, int64_t column, bf16_t* copy,
                bf16_t* panel) {
  const int64_t columns = std::min(kTile, n - column), padded = steps_of(k) * kTile;
  if (k == 0) return;
  if (b.transposed) {
    const bf16_t* rows = b.data + column * b.stride;
    if (columns == kTile && k == padded) return kernel.pack_transposed(rows, b.stride, padded / kTile, panel);
    pad_rows(rows, b.stride, 0, columns, k, copy);
    return kernel.pack_transposed(copy, padded, padded / kTile, panel);
  }
  if (columns == kTile) return kernel.pack(b.data + column, b.stride, k, panel);
  std::fill_n(copy, k * kTile, bf16_t{0});
  for (int64_t row = 0; row < k; ++row) std::copy_n(b.data + row * b.stride + column, columns, copy + row * kTile);
  kernel.pack(copy, kTile, k, panel);
}

void write_tile(const TileKernel& kernel, const float* c, int64_t row, int64_t rows, int64_t column, int64_t columns,
                const Bf16Result& result) {
  const int64_t at = row * result.stride + column;
  if (result.bf16) return kernel.store(c, rows, columns, result.bf16 + at, result.stride);
  if (result.add) return kernel.add(c, rows, columns, result.f32 + at, result.stride);
  for (int64_t i = 0; i < rows; ++i) std::copy_n(c + i * kTile, columns, result.f32 + at + i * result.stride);
}

int64_t panel_values(const Bf16Product& p) {
  return (steps_of(p.k) + steps_of(p.k2)) * kStepValues;
}

/// Columns of panels [begin, end) against all strips; `space`: one panel more than these.
void multiply_panels(const TileKernel& kernel, const Bf16Product& p, const Strips& first, const Strips& second,
                     int64_t begin, int64_t end, const Bf16Result& result, bf16_t* space) {
  const int64_t values = steps_of(p.k) * kStepValues, values2 = steps_of(p.k2) * kStepValues;
  bf16_t *copy = space, *panels = space + panel_values(p);
  for (int64_t panel = begin; panel < end; ++panel) {
    bf16_t* to = panels + (panel - begin) * (values + values2);
    pack_panel(kernel, p.b, p.k, p.n, panel * kTile, copy, to);
    pack_panel(kernel, p.b2, p.k2, p.n, panel * kTile, copy, to + values);
  }
  alignas(64) float tile[kTile * kTile];
  kernel.begin();
  for (int64_t strip = 0; strip < steps_of(p.m); ++strip) {
    const int64_t rows = std::min(kTile, p.m - strip * kTile);
    for (int64_t panel = begin; panel < end; ++panel) {
      const bf16_t* packed = panels + (panel - begin) * (values + values2);
      kernel.multiply(first.factors(strip, packed), second.factors(strip, packed + values), rows > kHalf, tile);
      write_tile(kernel, tile, strip * kTile, rows, panel * kTile, std::min(kTile, p.n - panel * kTile), result);
    }
  }
  kernel.end();
}

/// Panels of a slice: as many as the cache keeps, but where threads share the work at least eight slices.
int64_t panels_of_slice(const Bf16Product& p, bool shared) {
  const int64_t bytes = panel_values(p) * static_cast<int64_t>(sizeof(bf16_t)), panels = steps_of(p.n);
  const int64_t kept = kPanelBytes / std::max<int64_t>(1, bytes);
  return std::max<int64_t>(1, std::min(kept, shared ? panels / 8 : panels));
}

int64_t strip_values(const Bf16Product& p) {
  return Strips::space(p.m, p.k) + Strips::space(p.m, p.k2);
}

/// Calls run(slices, slice) with slice(i, space), space having `step` + 1 panels.
template <class Run>
void multiply(const Bf16Product& p, const Bf16Result& result, Bf16Kernel kernel, int64_t step, bf16_t* strips,
              Run&& run) {
  const Strips first(p.a, p.lda, p.m, p.k, strips);
  const Strips second(p.a2, p.lda2, p.m, p.k2, strips + Strips::space(p.m, p.k));
  const int64_t panels = steps_of(p.n);
  run((panels + step - 1) / step, [&](int64_t i, bf16_t* space) {
    multiply_panels(tile_kernel(kernel), p, first, second, i * step, std::min(panels, (i + 1) * step), result, space);
  });
}

}  // namespace

std::vector<Bf16Kernel> bf16_kernels() {
  static const std::vector<Bf16Kernel> kernels = [] {
    std::vector<Bf16Kernel> found = {Bf16Kernel::portable};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
      found.push_back(Bf16Kernel::avx512);
      if (may_use_amx()) found.push_back(Bf16Kernel::amx);
    }
#endif
    return found;
  }();
  return kernels;
}

Bf16Kernel best_bf16_kernel() {
  static const Bf16Kernel best = bf16_kernels().back();
  return best;
}

void bf16_product(Workspace& work, const Bf16Product& p, const Bf16Result& result, Bf16Kernel kernel) {
  if (p.m == 0 || p.n == 0) return;
  const int64_t step = panels_of_slice(p, true);
  bf16_t* strips = work.scratch.take_bf16(ScratchSlot::strips, static_cast<size_t>(strip_values(p)));
  const auto floats = static_cast<size_t>(floats_of_bf16((step + 1) * panel_values(p)));
  const ThreadBlocks panels = work.scratch.take_for_threads(ScratchSlot::panels, floats);
  multiply(p, result, kernel, step, strips, [&](int64_t slices, auto&& slice) {
    work.threads.run(slices, [&](int64_t i, int thread) { slice(i, reinterpret_cast<bf16_t*>(panels[thread])); });
  });
}

void bf16_product_serial(const Bf16Product& p, const Bf16Result& result, bf16_t* space, Bf16Kernel kernel) {
  if (p.m == 0 || p.n == 0) return;
  bf16_t* panels = space + strip_values(p);
  multiply(p, result, kernel, panels_of_slice(p, false), space, [&](int64_t slices, auto&& slice) {
    for (int64_t i = 0; i < slices; ++i) slice(i, panels);
  });
}

int64_t bf16_serial_space(int64_t m, int64_t n, int64_t k, int64_t k2) {
  // Upper bounds that grow with the shape, so that there is enough for smaller products too.
  const int64_t panel = (steps_of(k) + steps_of(k2)) * kStepValues;
  const int64_t kept = kPanelBytes / static_cast<int64_t>(sizeof(bf16_t));
  return steps_of(m) * panel + std::min((steps_of(n) + 1) * panel, kept + 2 * panel);
}

void split_values(const float* x, int64_t rows, int64_t columns, bf16_t* high, bf16_t* low, int64_t stride) {
#if defined(__x86_64__)
  const auto split_row = has_fast_bf16_products() ? split_row_avx512 : split_row_portable;
#else
  const auto split_row = split_row_portable;
#endif
  for (int64_t i = 0; i < rows; ++i) split_row(x + i * columns, columns, high + i * stride, low + i * stride);
}

}  // namespace temper::cpu
