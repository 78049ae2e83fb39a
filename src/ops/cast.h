#pragma once

#include "device/context.h"

namespace temper {

/// x in another element type (x itself when it has it already); the gradient is cast back. Floating types round to
/// nearest even; integers convert to floating types.
Tensor cast(Context& ctx, const Tensor& x, DType to);

}  // namespace temper
