#pragma once

#include "device/context.h"

namespace temper {

/// One element a row: x [N, V], ids i32 [N] -> [N]; 0 where the id is negative (an ignored position). Differentiable in
/// x. An id of V or more is Error{numeric}, thrown by the next read.
Tensor pick(Context& ctx, const Tensor& x, const Tensor& ids);

}  // namespace temper
