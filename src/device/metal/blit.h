#pragma once

#include "device/metal/stream.h"

namespace temper::metal {

/// Copies a contiguous operand's bytes to another of the same type and shape; nothing for empty ones.
void encode_copy(OpenCommands& commands, const Operand& from, const Operand& to);
/// Sets all bytes of a contiguous operand to `byte`.
void encode_fill(OpenCommands& commands, const Operand& to, uint8_t byte);

}  // namespace temper::metal
