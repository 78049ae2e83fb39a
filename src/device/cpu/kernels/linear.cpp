// x W^T and x W with a frozen weight; products and sums in f32, one rounding at the end.
#include "device/op_specs/linear.h"

#include "device/cpu/panels.h"
#include "device/cpu/weight_product.h"

namespace temper::cpu {
namespace {

using specs::Linear;

bool supports_linear(std::span<const TensorSpec> in, const Linear::Attrs&) {
  return is_compute_type(in[0].dtype);
}

template <class T>
void launch_linear(Encoder& encoder, Operands in, Operands out, const Linear::Attrs& attrs) {
  const auto weight = cpu_weight(attrs.weight);
  const bool transposed = attrs.transposed;
  const int64_t from = in[0].elements(), to = out[0].elements(), m = from / in[0].dim(-1);
  const T* x = data_of<const T>(in[0]);
  T* y = data_of<T>(out[0]);
  cpu_encoder(encoder).launch("linear", in, out, [=](Workspace& work) {
    if constexpr (std::is_same_v<T, bf16_t>)
      if (prefers_tiles(m, *weight)) return multiply_weight_tiles(work, x, m, *weight, transposed, y);
    const float* wide_x = widened(work, x, from, ScratchSlot::a);
    float* wide_y = wide_output(work, y, to, ScratchSlot::b);
    multiply_weight(work, wide_x, m, *weight, transposed, wide_y, !std::is_same_v<T, float>);
    store_output(work, wide_y, y, to);
  });
}

void encode_linear(Encoder& encoder, Operands in, Operands out, const Linear::Attrs& attrs) {
  for_compute_type(in[0].dtype(), [&]<class T> { launch_linear<T>(encoder, in, out, attrs); });
}

}  // namespace

void register_linear(KernelTable& table) {
  table.add<Linear>({.supports = supports_linear, .encode = encode_linear});
}

}  // namespace temper::cpu
