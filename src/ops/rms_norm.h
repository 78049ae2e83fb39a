#pragma once

#include "device/context.h"

namespace temper {

/// x / sqrt(mean(x^2) + eps) * weight over the last dimension: x [.., d], weight [d] -> [.., d] in x's type; statistics
/// in f32. weight is of x's type or f32. Source: Zhang and Sennrich 2019, eq. 4.
Tensor rms_norm(Context& ctx, const Tensor& x, const Tensor& weight, float eps = 1e-5f);

}  // namespace temper
