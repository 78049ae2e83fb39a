#pragma once

#include <cstddef>
#include <cstdint>

#include "temper/dtype.h"

namespace temper::cpu {

/// dequantize() for a block type, with the same result: `count` values, whole blocks. Vectorised as vector_math.h is.
void expand_blocks(QuantType type, const std::byte* blocks, int64_t count, float* out);

}  // namespace temper::cpu
