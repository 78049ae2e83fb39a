#include "nn/linear.h"

#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/dropout.h"
#include "ops/linear.h"
#include "ops/lora_linear.h"
#include "ops/matmul.h"

namespace temper {
namespace {

/// Base product and dropped-out low-rank branch apart: dropout makes their inputs differ.
Tensor linear_with_dropped_lora(Context& ctx, const LinearLayer& layer, const Tensor& x, const LoraFactors& lora) {
  const Tensor dropped = cast(ctx, dropout(ctx, x, lora.dropout), lora.a.dtype());
  const Tensor h = matmul(ctx, dropped, lora.a, {.trans_b = true});
  const Tensor update = matmul(ctx, h, lora.b, {.trans_b = true, .alpha = lora.scale});
  return add(ctx, linear(ctx, x, layer.weight), cast(ctx, update, x.dtype()));
}

}  // namespace

Tensor apply_linear(Context& ctx, const LinearLayer& layer, const Tensor& x, const BoundAdapter& adapter) {
  const LoraFactors* lora = adapter.empty() ? nullptr : &adapter[static_cast<size_t>(layer.index)];
  Tensor y = !lora || !lora->defined() ? linear(ctx, x, layer.weight)
             : lora->dropout > 0.0f    ? linear_with_dropped_lora(ctx, layer, x, *lora)
                                       : lora_linear(ctx, x, lora->a, lora->b, layer.weight, lora->scale);
  return layer.bias.defined() ? add(ctx, std::move(y), layer.bias) : y;
}

}  // namespace temper
