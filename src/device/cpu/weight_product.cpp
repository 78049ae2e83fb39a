// Products of activations with a frozen weight in its stored type. Few rows (decoding): each weight row is read once
// and dotted with all of them, which runs at the speed of memory. Many rows: the GEMM library, on f32 weights as they
// lie, on others after blocks of rows were expanded to f32. Work O(m rows columns), memory O(block).
#include "device/cpu/weight_product.h"

#include <algorithm>
#include <bit>

#include "base/fail.h"
#include "device/cpu/block_panels.h"
#include "device/cpu/elements.h"
#include "device/cpu/gemm.h"
#include "device/cpu/scratch.h"
#include "device/cpu/vector_math.h"

namespace temper::cpu {
namespace {

// f32 values of expanded weight held at a time: 16 MiB, larger than most layers' weights.
constexpr int64_t kExpandedValues = int64_t{4} << 20;

template <class T>
const T* stored_row(const CpuWeight& weight, int64_t row) {
  return reinterpret_cast<const T*>(weight.data().data()) + row * weight.columns();
}

/// y_i = W_row . x_i for the few rows of x.
void dot_weight_row(const CpuWeight& weight, int64_t row, const float* x, int64_t m, float* out) {
  const int64_t k = weight.columns();
  switch (weight.type()) {
    case QuantType::f32:
      return dot_rows(x, k, m, stored_row<float>(weight, row), k, out);
    case QuantType::f16:
      return dot_rows(x, k, m, stored_row<f16_t>(weight, row), k, out);
    case QuantType::bf16:
      return dot_rows(x, k, m, stored_row<bf16_t>(weight, row), k, out);
    default:
      fail(ErrorCode::internal, "{} is stored in blocks", name_of(weight.type()));
  }
}

/// Panels of a slice: slices of one size, about 128 Ki weights each, a power of two of them, so that two or four
/// threads end together.
int64_t panels_per_slice(int64_t panels, int64_t columns) {
  const int64_t slices = std::max<int64_t>(2, panels * kPanelRows * columns / (int64_t{128} << 10));
  const auto count = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(slices)));
  return (panels + count - 1) / count;
}

void multiply_few_rows_by_blocks(Workspace& work, const float* x, int64_t m, const CpuWeight& weight, bool narrow_input,
                                 float* y) {
  const QuantType type = weight.type();
  const int64_t n = weight.rows(), k = weight.columns();
  const int64_t panels = (n + kPanelRows - 1) / kPanelRows, grain = panels_per_slice(panels, k);
  const std::byte* data = weight.panels(work);
  const auto multiply = [&](const auto& input) {
    parallel_for(work, panels, grain,
                 [&](int64_t begin, int64_t end) { dot_panels(type, data, begin, end, n, input, y, n); });
  };
  if (narrow_input && prefers_panel_codes()) {
    float* space = work.scratch.take(ScratchSlot::d, static_cast<size_t>(panel_code_space(type, m, k)));
    return multiply(make_panel_codes(type, x, m, k, space));
  }
  float* sums = work.scratch.take(ScratchSlot::d, static_cast<size_t>(m * k / block_group(type)));
  sum_block_groups(type, x, m * k, sums);
  multiply(PanelInput{x, m, k, sums});
}

void multiply_few_rows(Workspace& work, const float* x, int64_t m, const CpuWeight& weight, bool narrow_input,
                       float* y) {
  if (is_block_quantized(weight.type())) return multiply_few_rows_by_blocks(work, x, m, weight, narrow_input, y);
  const int64_t n = weight.rows(), grain = row_grain(weight.columns(), 65536);
  parallel_for(work, n, grain, [&](int64_t begin, int64_t end) {
    float out[kMaxDotRows];
    for (int64_t row = begin; row < end; ++row) {
      dot_weight_row(weight, row, x, m, out);
      for (int64_t i = 0; i < m; ++i) y[i * n + row] = out[i];
    }
  });
}

/// One block of the weight's rows, as f32: y's columns [begin, end), or a part of the sum over rows when transposed.
void multiply_block(ThreadPool& pool, const float* x, int64_t m, const float* block, int64_t begin, int64_t end,
                    const CpuWeight& weight, bool transposed, float* y) {
  const int64_t rows = weight.rows(), columns = weight.columns();
  if (transposed)
    gemm(pool,
         {.m = m,
          .n = columns,
          .k = end - begin,
          .beta = begin == 0 ? 0.0f : 1.0f,
          .lda = rows,
          .ldb = columns,
          .ldc = columns},
         x + begin, block, y);
  else
    gemm(pool, {.trans_b = true, .m = m, .n = end - begin, .k = columns, .lda = columns, .ldb = columns, .ldc = rows},
         x, block, y + begin);
}

}  // namespace

void expand_rows(const CpuWeight& weight, int64_t begin, int64_t end, float* out) {
  const int64_t count = (end - begin) * weight.columns();
  switch (weight.type()) {
    case QuantType::f32:
      return widen_values(stored_row<float>(weight, begin), out, count);
    case QuantType::f16:
      return widen_values(stored_row<f16_t>(weight, begin), out, count);
    case QuantType::bf16:
      return widen_values(stored_row<bf16_t>(weight, begin), out, count);
    default:
      return weight.rows_to_f32(begin, end, out);
  }
}

void multiply_weight(Workspace& work, const float* x, int64_t m, const CpuWeight& weight, bool transposed, float* y,
                     bool narrow_input, const LowRank& addend) {
  const int64_t rows = weight.rows(), columns = weight.columns();
  if (m == 0) return;
  if (!transposed && m <= kMaxDotRows) {
    multiply_few_rows(work, x, m, weight, narrow_input, y);
  } else if (const float* dense = weight.f32()) {
    multiply_block(work, x, m, dense, 0, rows, weight, transposed, y);
  } else {
    const int64_t block = std::clamp<int64_t>(kExpandedValues / columns, 1, rows);
    float* expanded = work.scratch.take(ScratchSlot::c, static_cast<size_t>(block * columns));
    for (int64_t begin = 0; begin < rows; begin += block) {
      const int64_t end = std::min(rows, begin + block);
      parallel_for(work, end - begin, row_grain(columns, 65536), [&](int64_t first, int64_t last) {
        expand_rows(weight, begin + first, begin + last, expanded + first * columns);
      });
      multiply_block(work, x, m, expanded, begin, end, weight, transposed, y);
    }
  }
  if (addend.rank == 0) return;
  const int64_t n = transposed ? columns : rows;
  gemm(work,
       {.trans_b = addend.right_transposed,
        .m = m,
        .n = n,
        .k = addend.rank,
        .alpha = addend.alpha,
        .beta = 1.0f,
        .lda = addend.rank,
        .ldb = addend.right_transposed ? addend.rank : n,
        .ldc = n},
       addend.left, addend.right, y);
}

const bf16_t* rows_as_bf16(const CpuWeight& weight, int64_t begin, int64_t end, float* wide, bf16_t* space) {
  if (weight.type() == QuantType::bf16) return stored_row<bf16_t>(weight, begin);
  const int64_t k = weight.columns();
  for (int64_t row = begin; row < end; ++row) {
    expand_rows(weight, row, row + 1, wide);
    narrow_values(wide, space + (row - begin) * k, k);
  }
  return space;
}

void multiply_weight_tiles(Workspace& work, const bf16_t* x, int64_t m, const CpuWeight& weight, bool transposed,
                           bf16_t* y, const TileAddend& addend) {
  const int64_t rows = weight.rows(), columns = weight.columns();
  Bf16Product product;
  product.m = m;
  product.a = x;
  product.a2 = addend.left;
  product.k2 = product.lda2 = addend.k;
  product.b2 = addend.right;
  const bool stored = weight.type() == QuantType::bf16;
  // With W transposed the sums run over its rows, and need all of them.
  const int64_t block = stored || transposed ? rows : std::clamp<int64_t>(2 * kExpandedValues / columns, 1, rows);
  bf16_t* space = nullptr;
  ThreadBlocks wide;
  if (!stored) {
    space = work.scratch.take_bf16(ScratchSlot::c, static_cast<size_t>(block * columns));
    wide = work.scratch.take_for_threads(ScratchSlot::d, static_cast<size_t>(columns));
  }
  for (int64_t begin = 0; begin < rows; begin += block) {
    const int64_t end = std::min(rows, begin + block);
    const bf16_t* data = stored ? stored_row<bf16_t>(weight, begin) : space;
    if (!stored)
      parallel_for(work, end - begin, row_grain(columns, 65536), [&](int64_t first, int64_t last, int thread) {
        rows_as_bf16(weight, begin + first, begin + last, wide[thread], space + first * columns);
      });
    product.b = {data, columns, !transposed};
    if (transposed) {
      product.n = columns;
      product.k = product.lda = rows;
      bf16_product(work, product, {.bf16 = y, .stride = columns});
    } else {
      product.n = end - begin;
      product.k = product.lda = columns;
      bf16_product(work, product, {.bf16 = y + begin, .stride = rows});
      if (addend.right.transposed) product.b2.data = addend.right.data + end * addend.right.stride;
    }
  }
}

}  // namespace temper::cpu
