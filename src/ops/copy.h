#pragma once

#include "device/context.h"

namespace temper {

/// A contiguous copy of any view; differentiable. Any type.
Tensor copy(Context& ctx, const Tensor& x);

/// x itself when it is contiguous, else copy(x).
Tensor contiguous(Context& ctx, const Tensor& x);

}  // namespace temper
