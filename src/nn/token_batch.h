#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "device/context.h"

namespace temper {

/// Tokens of several sequences end to end, without padding: what a model's forward pass takes. Each sequence is a
/// segment that attends to itself only (and to its own cached keys).
struct TokenBatch {
  Tensor ids;               ///< i32 [N]
  Tensor positions;         ///< i32 [N], position within the own sequence
  Tensor segments;          ///< i32 [S, 4]: query begin, query end, key begin, key end
  Tensor cache_rows;        ///< i32 [N]: the cache row each token's key and value go to; undefined without a cache
  int64_t max_queries = 0;  ///< longest segment, queries
  int64_t max_keys = 0;     ///< longest segment, keys

  int64_t tokens() const { return ids.elements(); }
};

/// Whole sequences, no cache. Empty sequences are allowed and attend to nothing.
TokenBatch make_token_batch(Context& ctx, std::span<const std::vector<int32_t>> sequences);

}  // namespace temper
