#pragma once

#include "device/context.h"
#include "nn/lora_factors.h"

namespace temper {

/// x [N, in] -> x W^T + bias + the adapter's update for this layer, [N, out] in x's type. Dropout acts on the adapter's
/// input only, as in PEFT, and draws from the context's random state.
Tensor apply_linear(Context& ctx, const LinearLayer& layer, const Tensor& x, const BoundAdapter& adapter);

}  // namespace temper
