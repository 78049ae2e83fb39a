#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/thread_pool.h"
#include "device/prepared_weight.h"

namespace temper {

/// The type a weight gets: `dense`, or its stored one. Throws Error{format} when the source's bytes don't match its
/// shape, Error{dtype_mismatch} for a type that no weight can have.
QuantType target_type(const WeightSource& source, std::optional<DType> dense);

/// Bytes of the whole weight in `type`, which must be dense.
size_t dense_bytes(const WeightSource& source, QuantType type);

/// Expands or rounds a source to dense rows of `type`; `out` has dense_bytes().
void convert_weight(const WeightSource& source, QuantType type, std::span<std::byte> out, ThreadPool& threads);

}  // namespace temper
