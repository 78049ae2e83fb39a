#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/token_batch.h"
#include "ops/state.h"

namespace temper {

/// Keys and values of several sequences: for each layer two states [sequences * capacity, KV, D], sequence s owning
/// the rows from s * capacity on.
class KvCache {
 public:
  struct Geometry {
    int64_t layers = 0, kv_heads = 0, head_dim = 0;
  };

  KvCache(Context& ctx, const Geometry& geometry, DType dtype, int64_t sequences, int64_t capacity);

  int64_t capacity() const { return capacity_; }
  int64_t length(int64_t sequence) const { return lengths_[static_cast<size_t>(sequence)]; }
  State& keys(int64_t layer) { return keys_[static_cast<size_t>(layer)]; }
  State& values(int64_t layer) { return values_[static_cast<size_t>(layer)]; }

  /// The batch that appends `tokens[i]` to sequence `sequences[i]`; the lengths grow by as much. Throws
  /// Error{invalid_argument} when a sequence would pass the capacity.
  TokenBatch append(Context& ctx, std::span<const int64_t> sequences, std::span<const std::vector<int32_t>> tokens);
  /// Forgets everything after the first `length` tokens of a sequence.
  void truncate(int64_t sequence, int64_t length);

 private:
  int64_t capacity_;
  std::vector<int64_t> lengths_;
  std::vector<State> keys_, values_;
};

}  // namespace temper
