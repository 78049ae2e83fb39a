#pragma once

#include "device/metal/compute.h"

namespace temper::metal {

/// Moves the elements of `x`, of any layout, into `y` of the same shape and any layout, converting their type.
/// f64 is unknown to the GPU.
void encode_strided(ComputeCommands& commands, const Operand& x, const Operand& y);

}  // namespace temper::metal
