#pragma once

#include "device/metal/compute.h"

namespace temper::metal {

/// Sets every element of `y`, of any layout, to `value` in y's type; f64 is unknown to the GPU.
void encode_filled(ComputeCommands& commands, const Operand& y, double value);

}  // namespace temper::metal
