#pragma once

#include "device/context.h"

namespace temper {

/// The values of a frozen weight, [rows, columns] in a floating type.
Tensor dequantize_weight(Context& ctx, const WeightHandle& weight, DType dtype);

}  // namespace temper
