#pragma once

#include <cstddef>
#include <span>

#include "temper/dtype.h"

namespace temper {

/// Expands stored weights (plain elements or GGUF blocks) to f32. `out.size()` must be a multiple of the block's
/// elements and `blocks.size()` must match it; Error{format} otherwise. Block layouts: ggml-common.h of ggml (facts);
/// checked against the PyPI package `gguf`.
void dequantize(QuantType type, std::span<const std::byte> blocks, std::span<float> out);

/// Bytes that `elements` elements occupy. Throws Error{format} unless a whole number of blocks.
size_t stored_bytes(QuantType type, int64_t elements);

}  // namespace temper
