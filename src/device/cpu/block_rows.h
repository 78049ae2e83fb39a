#pragma once

#include <cstddef>
#include <cstdint>

#include "temper/dtype.h"

// Rows of GGUF blocks: their dot products, which expand them in registers only, so that decoding reads a quantized
// weight once; and their values. Vectorised as vector_math.h is.
namespace temper::cpu {

/// The few rows of x that a weight is multiplied with.
struct BlockDotInput {
  const float* x = nullptr;  // [rows, n]
  int64_t rows = 0;          // 1 to kMaxDotRows
  int64_t n = 0;             // whole blocks
  const float* sums = nullptr;
};

/// Values of x that share a scale in the type's blocks: 16 or 32.
int64_t block_group(QuantType type);
/// Sums over the groups of x [count], which the minima of the type's blocks are multiplied with: [count / group].
void sum_block_groups(QuantType type, const float* x, int64_t count, float* sums);

/// y[r * y_stride + i] = x_r . row i of `weight_rows` rows of blocks, for each row of x. All values are as in
/// dequantize(), all sums f32; a scale is multiplied with a group's sum instead of with each value. `input.sums` is
/// what sum_block_groups() gave for all rows of x. `type` is a block type.
void dot_block_rows(QuantType type, const std::byte* blocks, int64_t weight_rows, const BlockDotInput& input, float* y,
                    int64_t y_stride);

/// dequantize() for a block type, with the same result: `count` values, whole blocks.
void expand_blocks(QuantType type, const std::byte* blocks, int64_t count, float* out);

}  // namespace temper::cpu
