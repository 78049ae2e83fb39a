#pragma once

#include "device/context.h"

namespace temper {

/// Index of the largest value of each row: x [.., V] -> i32 [..]; the first of equals. NaN in x is Error{numeric},
/// thrown by the next read. Errors: V = 0.
Tensor argmax(Context& ctx, const Tensor& x);

}  // namespace temper
