// A frozen product with a low-rank adapter, forward and backward; arithmetic in f32, one rounding at the end. The
// rank-r product is added onto the large one by the GEMM (beta = 1). Source: Hu et al. 2021, eq. 3. Work O(m out in + m
// r (out + in)), memory O(m (out + in)) for 16-bit types, none beyond the outputs for f32.
// Where bf16 tiles are fast, f32 factors (A, B, h, dh) take part as the sum of two bf16 values, and the rank-r product
// is a few more columns of the large one: [x | h_high | h_low | h_high] [W | B_high | B_high | B_low]^T.
#include "device/op_specs/lora_linear.h"

#include <algorithm>
#include <utility>

#include "device/cpu/gemm.h"
#include "device/cpu/panels.h"
#include "device/cpu/weight_product.h"

namespace temper::cpu {
namespace {

using specs::LoraLinear;
using specs::LoraLinearBackward;

bool supports_lora(std::span<const TensorSpec> in, const LoraLinear::Attrs&) {
  return is_compute_type(in[0].dtype);
}
bool supports_lora_backward(std::span<const TensorSpec> in, const LoraLinearBackward::Attrs&) {
  return is_compute_type(in[0].dtype);
}

/// Cuts a scratch slot into pieces of bf16 and f32.
class Pieces {
 public:
  Pieces(Scratch& scratch, ScratchSlot slot, int64_t bf16_values, int64_t f32_values)
      : f32_(scratch.take(slot, static_cast<size_t>(f32_values + floats_of_bf16(bf16_values)))),
        bf16_(reinterpret_cast<bf16_t*>(f32_ + f32_values)) {}
  float* f32(int64_t values) { return std::exchange(f32_, f32_ + values); }
  bf16_t* bf16(int64_t values) { return std::exchange(bf16_, bf16_ + values); }

 private:
  float* f32_;
  bf16_t* bf16_;
};

/// Two bf16 values for each of x [rows, columns], side by side: [rows, 2 columns].
void split_columns(const float* x, int64_t rows, int64_t columns, bf16_t* out) {
  split_values(x, rows, columns, out, out + columns, 2 * columns);
}
/// One above the other: [2 rows, columns].
void split_rows(const float* x, int64_t rows, int64_t columns, bf16_t* out) {
  split_values(x, rows, columns, out, out + rows * columns, columns);
}
/// x [rows, columns] transposed, high values above low ones: [2 columns, rows]. `space` [rows, 2 columns].
void split_transposed(const float* x, int64_t rows, int64_t columns, bf16_t* space, bf16_t* out) {
  split_columns(x, rows, columns, space);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < 2 * columns; ++j) out[j * rows + i] = space[i * 2 * columns + j];
}

/// Left factor of the addend: scale h as [high | low | high], [m, 3 rank]. h is scaled in place.
void addend_left(Workspace& work, float* h, int64_t m, int64_t rank, float scale, bf16_t* out) {
  parallel_for(work, m, row_grain(rank), [&](int64_t begin, int64_t end) {
    float* from = h + begin * rank;
    bf16_t* to = out + begin * 3 * rank;
    if (scale != 1.0f) scale_in_place(scale, from, (end - begin) * rank);
    split_values(from, end - begin, rank, to, to + rank, 3 * rank);
    for (int64_t i = 0; i < end - begin; ++i) std::copy_n(to + i * 3 * rank, rank, to + i * 3 * rank + 2 * rank);
  });
}

/// h [m, rank] = factor x right, the columns of whose product are high and low parts: [m, 2 rank].
void sum_halves(Workspace& work, const float* halves, int64_t m, int64_t rank, float factor, float* h) {
  parallel_for(work, m, row_grain(rank), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      for (int64_t j = 0; j < rank; ++j)
        h[i * rank + j] = factor * (halves[i * 2 * rank + j] + halves[i * 2 * rank + rank + j]);
  });
}

/// wide_a [rank, inputs], wide_b [outputs, rank]; h [m, rank] is written.
void multiply_lora_tiles(Workspace& work, const bf16_t* x, int64_t m, const CpuWeight& weight, const float* wide_a,
                         const float* wide_b, int64_t rank, float scale, float* h, bf16_t* y) {
  const int64_t inputs = weight.columns(), outputs = weight.rows();
  Pieces pieces(work.scratch, ScratchSlot::a, 2 * rank * inputs + 3 * rank * outputs + 3 * rank * m, 2 * rank * m);
  float* halves = pieces.f32(2 * rank * m);
  bf16_t *a = pieces.bf16(2 * rank * inputs), *right = pieces.bf16(3 * rank * outputs),
         *left = pieces.bf16(3 * rank * m);
  split_rows(wide_a, rank, inputs, a);
  bf16_product(work, bf16_product_of(m, 2 * rank, inputs, x, inputs, {a, inputs, true}),
               {.f32 = halves, .stride = 2 * rank});
  sum_halves(work, halves, m, rank, 1.0f, h);
  std::copy_n(h, m * rank, halves);
  addend_left(work, halves, m, rank, scale, left);
  split_values(wide_b, outputs, rank, right, right + 2 * rank, 3 * rank);
  for (int64_t i = 0; i < outputs; ++i) std::copy_n(right + i * 3 * rank, rank, right + i * 3 * rank + rank);
  multiply_weight_tiles(work, x, m, weight, false, y, {left, 3 * rank, {right, 3 * rank, true}});
}

/// What of the gradients is wanted has a place: dx [m, inputs], da [rank, inputs], db [outputs, rank].
struct LoraGradients {
  bf16_t* dx;
  float *da, *db;
};

void differentiate_lora_tiles(Workspace& work, const bf16_t* dy, const bf16_t* x, int64_t m, const CpuWeight& weight,
                              const float* wide_a, const float* wide_b, const float* h, int64_t rank, float scale,
                              const LoraGradients& to) {
  const int64_t inputs = weight.columns(), outputs = weight.rows(), longest = std::max(inputs, outputs);
  Pieces pieces(work.scratch, ScratchSlot::a, 2 * rank * m + 3 * rank * m + 3 * rank * longest,
                2 * rank * std::max(m, longest) + rank * m);
  float *halves = pieces.f32(2 * rank * std::max(m, longest)), *dh = pieces.f32(rank * m);
  bf16_t *columns = pieces.bf16(2 * rank * m), *left = pieces.bf16(3 * rank * m),
         *right = pieces.bf16(3 * rank * longest);
  if (to.db) {
    split_transposed(h, m, rank, left, columns);
    bf16_product(work, bf16_product_of(2 * rank, outputs, m, columns, m, {dy, outputs, false}),
                 {.f32 = halves, .stride = outputs});
    for (int64_t j = 0; j < rank; ++j)
      for (int64_t i = 0; i < outputs; ++i)
        to.db[i * rank + j] = scale * (halves[j * outputs + i] + halves[(rank + j) * outputs + i]);
  }
  if (!to.dx && !to.da) return;
  split_columns(wide_b, outputs, rank, right);
  bf16_product(work, bf16_product_of(m, 2 * rank, outputs, dy, outputs, {right, 2 * rank, false}),
               {.f32 = halves, .stride = 2 * rank});
  sum_halves(work, halves, m, rank, scale, dh);
  if (to.dx) {
    addend_left(work, dh, m, rank, 1.0f, left);
    split_values(wide_a, rank, inputs, right, right + 2 * rank * inputs, inputs);
    std::copy_n(right, rank * inputs, right + rank * inputs);
    multiply_weight_tiles(work, dy, m, weight, true, to.dx, {left, 3 * rank, {right, inputs, false}});
  }
  if (to.da) {
    split_transposed(dh, m, rank, left, columns);
    bf16_product(work, bf16_product_of(2 * rank, inputs, m, columns, m, {x, inputs, false}),
                 {.f32 = halves, .stride = inputs});
    for (int64_t i = 0; i < rank * inputs; ++i) to.da[i] = halves[i] + halves[rank * inputs + i];
  }
}

template <class T, class A, class B>
void launch_lora(Encoder& encoder, Operands in, Operands out, const LoraLinear::Attrs& attrs) {
  const auto weight = cpu_weight(attrs.weight);
  const int64_t inputs = weight->columns(), outputs = weight->rows();
  const int64_t m = in[0].elements() / inputs, rank = in[1].dim(0);
  const T* x = data_of<const T>(in[0]);
  const A* a = data_of<const A>(in[1]);
  const B* b = data_of<const B>(in[2]);
  T* y = data_of<T>(out[0]);
  float* wanted_h = attrs.want_h ? data_of<float>(out[1]) : nullptr;
  const float scale = attrs.scale;
  cpu_encoder(encoder).launch("lora_linear", in, out, [=](Workspace& work) {
    float* h = wanted_h ? wanted_h : work.scratch.take(ScratchSlot::f, static_cast<size_t>(m * rank));
    if constexpr (std::is_same_v<T, bf16_t>)
      if (prefers_tiles(m, *weight)) {
        const float* wide_a = widened(work, a, rank * inputs, ScratchSlot::e);
        const float* wide_b = widened(work, b, rank * outputs, ScratchSlot::b);
        return multiply_lora_tiles(work, x, m, *weight, wide_a, wide_b, rank, scale, h, y);
      }
    const float* wide_x = widened(work, x, m * inputs, ScratchSlot::a);
    const float* wide_a = widened(work, a, rank * inputs, ScratchSlot::e);
    gemm(work, {.trans_b = true, .m = m, .n = rank, .k = inputs, .lda = inputs, .ldb = inputs, .ldc = rank}, wide_x,
         wide_a, h);
    const float* wide_b = widened(work, b, rank * outputs, ScratchSlot::e);
    float* wide_y = wide_output(work, y, m * outputs, ScratchSlot::b);
    multiply_weight(work, wide_x, m, *weight, false, wide_y, !std::is_same_v<T, float>,
                    {.left = h, .right = wide_b, .right_transposed = true, .rank = rank, .alpha = scale});
    store_output(work, wide_y, y, m * outputs);
  });
}

template <class T, class A, class B>
void launch_lora_backward(Encoder& encoder, Operands in, Operands out, const LoraLinearBackward::Attrs& attrs) {
  const auto weight = cpu_weight(attrs.weight);
  const int64_t inputs = weight->columns(), outputs = weight->rows();
  const int64_t m = in[0].elements() / outputs, rank = in[2].dim(0);
  const T* dy = data_of<const T>(in[0]);
  const T* x = attrs.want_da ? data_of<const T>(in[1]) : nullptr;
  const A* a = data_of<const A>(in[2]);
  const B* b = data_of<const B>(in[3]);
  const float* h = attrs.want_db ? data_of<const float>(in[4]) : nullptr;
  size_t next = 0;
  T* dx = attrs.want_dx ? data_of<T>(out[next++]) : nullptr;
  A* da = attrs.want_da ? data_of<A>(out[next++]) : nullptr;
  B* db = attrs.want_db ? data_of<B>(out[next++]) : nullptr;
  const float scale = attrs.scale;
  cpu_encoder(encoder).launch("lora_linear_backward", in, out, [=](Workspace& work) {
    if constexpr (std::is_same_v<T, bf16_t>)
      if (prefers_tiles(m, *weight)) {
        const float* wide_a = widened(work, a, rank * inputs, ScratchSlot::e);
        const float* wide_b = widened(work, b, rank * outputs, ScratchSlot::b);
        float* wide_da = da ? wide_output(work, da, rank * inputs, ScratchSlot::gradient_a) : nullptr;
        float* wide_db = db ? wide_output(work, db, rank * outputs, ScratchSlot::gradient_b) : nullptr;
        differentiate_lora_tiles(work, dy, x, m, *weight, wide_a, wide_b, h, rank, scale, {dx, wide_da, wide_db});
        if (da) store_output(work, wide_da, da, rank * inputs);
        if (db) store_output(work, wide_db, db, rank * outputs);
        return;
      }
    const float* wide_dy = widened(work, dy, m * outputs, ScratchSlot::a);
    if (db) {
      float* wide_db = wide_output(work, db, outputs * rank, ScratchSlot::b);
      gemm(work,
           {.trans_a = true, .m = outputs, .n = rank, .k = m, .alpha = scale, .lda = outputs, .ldb = rank, .ldc = rank},
           wide_dy, h, wide_db);
      store_output(work, wide_db, db, outputs * rank);
    }
    if (!dx && !da) return;
    float* dh = work.scratch.take(ScratchSlot::f, static_cast<size_t>(m * rank));
    const float* wide_b = widened(work, b, outputs * rank, ScratchSlot::e);
    gemm(work, {.m = m, .n = rank, .k = outputs, .alpha = scale, .lda = outputs, .ldb = rank, .ldc = rank}, wide_dy,
         wide_b, dh);
    if (dx) {
      const float* wide_a = widened(work, a, rank * inputs, ScratchSlot::e);
      float* wide_dx = wide_output(work, dx, m * inputs, ScratchSlot::b);
      multiply_weight(work, wide_dy, m, *weight, true, wide_dx, !std::is_same_v<T, float>,
                      {.left = dh, .right = wide_a, .rank = rank});
      store_output(work, wide_dx, dx, m * inputs);
    }
    if (da) {
      const float* wide_x = widened(work, x, m * inputs, ScratchSlot::a);  // dy's panel has done its work
      float* wide_da = wide_output(work, da, rank * inputs, ScratchSlot::b);
      gemm(work, {.trans_a = true, .m = rank, .n = inputs, .k = m, .lda = rank, .ldb = inputs, .ldc = inputs}, dh,
           wide_x, wide_da);
      store_output(work, wide_da, da, rank * inputs);
    }
  });
}

/// Calls f.template operator()<T, A, B>() with the types of x and of the adapter's two matrices.
template <class F>
void for_lora_types(DType x, DType a, DType b, F&& f) {
  for_compute_type(x, [&]<class T> {
    if (a == DType::f32 && b == DType::f32) return f.template operator()<T, float, float>();
    if (a == DType::f32) return f.template operator()<T, float, T>();
    if (b == DType::f32) return f.template operator()<T, T, float>();
    f.template operator()<T, T, T>();
  });
}

void encode_lora(Encoder& encoder, Operands in, Operands out, const LoraLinear::Attrs& attrs) {
  for_lora_types(in[0].dtype(), in[1].dtype(), in[2].dtype(),
                 [&]<class T, class A, class B> { launch_lora<T, A, B>(encoder, in, out, attrs); });
}

void encode_lora_backward(Encoder& encoder, Operands in, Operands out, const LoraLinearBackward::Attrs& attrs) {
  for_lora_types(in[0].dtype(), in[2].dtype(), in[3].dtype(),
                 [&]<class T, class A, class B> { launch_lora_backward<T, A, B>(encoder, in, out, attrs); });
}

}  // namespace

void register_lora_linear(KernelTable& table) {
  table.add<LoraLinear>({.supports = supports_lora, .encode = encode_lora});
  table.add<LoraLinearBackward>({.supports = supports_lora_backward, .encode = encode_lora_backward});
}

}  // namespace temper::cpu
