#pragma once

#include <cstdint>

#include "device/cpu/bf16_product.h"
#include "device/cpu/scratch.h"
#include "device/cpu/vector_math.h"
#include "device/cpu/weight.h"
#include "tensor/half.h"

namespace temper::cpu {

/// Rows [begin, end) of a weight as f32 into `out`, with vector conversions for dense types.
void expand_rows(const CpuWeight& weight, int64_t begin, int64_t end, float* out);

/// Rows [begin, end) of a weight as bf16: its own memory when it is stored so, else `space` [end - begin, columns];
/// `wide` has space for one row.
const bf16_t* rows_as_bf16(const CpuWeight& weight, int64_t begin, int64_t end, float* wide, bf16_t* space);

/// A low-rank addend: + alpha left right, with left [m, rank] and right [rank, n], or [n, rank] when transposed.
struct LowRank {
  const float* left = nullptr;
  const float* right = nullptr;
  bool right_transposed = false;
  int64_t rank = 0;
  float alpha = 1.0f;
};

/// y [m, rows] = x [m, columns] W^T, or transposed y [m, columns] = x [m, rows] W; plus the low-rank addend, if any.
/// `narrow_input` tells that x was widened from a 16-bit type: few rows of it may then meet a weight of blocks as
/// PanelCodes. Uses ScratchSlot::c or, for few rows, d.
void multiply_weight(Workspace& work, const float* x, int64_t m, const CpuWeight& weight, bool transposed, float* y,
                     bool narrow_input, const LowRank& addend = {});

/// Whether multiply_weight_tiles() is the faster way for m rows of bf16, and as good: f32 and f16 values would lose
/// bits.
inline bool prefers_tiles(int64_t m, const CpuWeight& weight) {
  const QuantType type = weight.type();
  return m > kMaxDotRows && type != QuantType::f32 && type != QuantType::f16 && has_fast_bf16_products();
}

/// + left right on top of a product of bf16 tiles, with left [m, k]; see Bf16Product.
struct TileAddend {
  const bf16_t* left = nullptr;
  int64_t k = 0;
  Bf16Right right;
};

/// The same in bf16 with f32 sums; a quantized weight's values are rounded to bf16. Uses ScratchSlot::c, d and
/// those of bf16_product().
void multiply_weight_tiles(Workspace& work, const bf16_t* x, int64_t m, const CpuWeight& weight, bool transposed,
                           bf16_t* y, const TileAddend& addend = {});

}  // namespace temper::cpu
