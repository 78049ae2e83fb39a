#pragma once

#include "ops/state.h"

namespace temper {

/// Writes rows [N, KV, D] into a key or value cache [R, KV, D] in place: cache row at[n] becomes rows[n] (the last one,
/// where rows of `at` repeat). Errors: shapes or types that differ; at the next read, Error{numeric} for a row outside
/// of the cache.
void kv_write_(Context& ctx, State& cache, const Tensor& rows, const Tensor& at);

}  // namespace temper
