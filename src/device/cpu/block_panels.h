#pragma once

#include <cstddef>
#include <cstdint>

#include "temper/dtype.h"

// Products of a few vectors with a weight of GGUF blocks, as decoding has them. The weight is stored in panels of 16
// rows whose blocks are interleaved, so that the lanes of a vector are rows: scales are read a vector at a time and no
// sum runs across lanes.
namespace temper::cpu {

constexpr int64_t kPanelRows = 16;

/// Bytes of the panels of `rows` rows of `row_bytes` bytes: the last panel is filled up with zeros.
constexpr size_t panel_bytes(int64_t rows, size_t row_bytes) {
  return static_cast<size_t>((rows + kPanelRows - 1) / kPanelRows * kPanelRows) * row_bytes;
}

/// Panels [begin, end) of a weight [rows, columns] of blocks, to where they lie in `panels`.
void pack_panels(QuantType type, const std::byte* blocks, int64_t rows, int64_t columns, int64_t begin, int64_t end,
                 std::byte* panels);

/// The few vectors that a weight is multiplied with.
struct PanelInput {
  const float* x = nullptr;  // [rows, n]
  int64_t rows = 0;          // 1 to kMaxDotRows
  int64_t n = 0;             // whole blocks
  const float* sums = nullptr;
};

/// Values of x that share a scale in the type's blocks: 16 or 32.
int64_t block_group(QuantType type);
/// Sums over the groups of x [count], which the minima of the type's blocks are multiplied with: [count / group].
void sum_block_groups(QuantType type, const float* x, int64_t count, float* sums);

/// y[r * y_stride + i] = x_r . row i, for the rows i of panels [begin, end) of a weight that has `weight_rows`, and
/// each row r of x. All values are as in dequantize(), all sums f32; a scale is multiplied with a group's sum instead
/// of with each value. `input.sums` is what sum_block_groups() gave for all rows of x. `type` is a block type.
void dot_panels(QuantType type, const std::byte* panels, int64_t begin, int64_t end, int64_t weight_rows,
                const PanelInput& input, float* y, int64_t y_stride);

/// The same vectors in 16 bits: x = scale code with one scale a group, so that a value is off by at most 1/65,024 of
/// the largest one of its group, and sums over a group are exact. Infinities and NaNs become NaN.
struct PanelCodes {
  const uint8_t* codes = nullptr;  // [rows, n] pairs of bytes, in an order of the instruction set's own
  const float* scales = nullptr;   // [rows, n / group]
  const int32_t* sums = nullptr;   // [rows, n / group], of the codes
  int64_t rows = 0;
  int64_t n = 0;
};

/// Whether dot_panels() is faster with codes on this machine.
bool prefers_panel_codes();
/// f32 values that the codes of `rows` vectors of n elements occupy.
int64_t panel_code_space(QuantType type, int64_t rows, int64_t n);
/// Codes of x [rows, n], in `space`.
PanelCodes make_panel_codes(QuantType type, const float* x, int64_t rows, int64_t n, float* space);
void dot_panels(QuantType type, const std::byte* panels, int64_t begin, int64_t end, int64_t weight_rows,
                const PanelCodes& input, float* y, int64_t y_stride);

}  // namespace temper::cpu
