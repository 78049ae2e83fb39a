// A frozen product with a low-rank adapter, forward and backward; arithmetic in f32, one rounding at the end. The
// rank-r product is added onto the large one by the GEMM (beta = 1). Source: Hu et al. 2021, eq. 3. Work O(m out in + m
// r (out + in)), memory O(m (out + in)) for 16-bit types, none beyond the outputs for f32.
#include "device/op_specs/lora_linear.h"

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
  cpu_encoder(encoder).launch("lora_linear", in, out, [=](ThreadPool& pool) {
    float* h = wanted_h ? wanted_h : scratch(ScratchSlot::f, static_cast<size_t>(m * rank));
    const float* wide_x = widened(pool, x, m * inputs, ScratchSlot::a);
    const float* wide_a = widened(pool, a, rank * inputs, ScratchSlot::e);
    gemm(pool, {.trans_b = true, .m = m, .n = rank, .k = inputs, .lda = inputs, .ldb = inputs, .ldc = rank}, wide_x,
         wide_a, h);
    const float* wide_b = widened(pool, b, rank * outputs, ScratchSlot::e);
    float* wide_y = wide_output(y, m * outputs, ScratchSlot::b);
    multiply_weight(pool, wide_x, m, *weight, false, wide_y,
                    {.left = h, .right = wide_b, .right_transposed = true, .rank = rank, .alpha = scale});
    store_output(pool, wide_y, y, m * outputs);
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
  cpu_encoder(encoder).launch("lora_linear_backward", in, out, [=](ThreadPool& pool) {
    const float* wide_dy = widened(pool, dy, m * outputs, ScratchSlot::a);
    if (db) {
      float* wide_db = wide_output(db, outputs * rank, ScratchSlot::b);
      gemm(pool,
           {.trans_a = true, .m = outputs, .n = rank, .k = m, .alpha = scale, .lda = outputs, .ldb = rank, .ldc = rank},
           wide_dy, h, wide_db);
      store_output(pool, wide_db, db, outputs * rank);
    }
    if (!dx && !da) return;
    float* dh = scratch(ScratchSlot::f, static_cast<size_t>(m * rank));
    const float* wide_b = widened(pool, b, outputs * rank, ScratchSlot::e);
    gemm(pool, {.m = m, .n = rank, .k = outputs, .alpha = scale, .lda = outputs, .ldb = rank, .ldc = rank}, wide_dy,
         wide_b, dh);
    if (dx) {
      const float* wide_a = widened(pool, a, rank * inputs, ScratchSlot::e);
      float* wide_dx = wide_output(dx, m * inputs, ScratchSlot::b);
      multiply_weight(pool, wide_dy, m, *weight, true, wide_dx, {.left = dh, .right = wide_a, .rank = rank});
      store_output(pool, wide_dx, dx, m * inputs);
    }
    if (da) {
      const float* wide_x = widened(pool, x, m * inputs, ScratchSlot::a);  // dy's panel has done its work
      float* wide_da = wide_output(da, rank * inputs, ScratchSlot::b);
      gemm(pool, {.trans_a = true, .m = rank, .n = inputs, .k = m, .lda = rank, .ldb = inputs, .ldc = inputs}, dh,
           wide_x, wide_da);
      store_output(pool, wide_da, da, rank * inputs);
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
