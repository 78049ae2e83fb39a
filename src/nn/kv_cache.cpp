#include "nn/kv_cache.h"

#include <algorithm>

#include "base/fail.h"
#include "device/transfer.h"

namespace temper {

KvCache::KvCache(Context& ctx, const Geometry& geometry, DType dtype, int64_t sequences, int64_t capacity)
    : capacity_(capacity), lengths_(static_cast<size_t>(sequences), 0) {
  const Shape shape = {sequences * capacity, geometry.kv_heads, geometry.head_dim};
  for (int64_t layer = 0; layer < geometry.layers; ++layer) {
    keys_.push_back(State::zeros(ctx, dtype, shape));
    values_.push_back(State::zeros(ctx, dtype, shape));
  }
}

TokenBatch KvCache::append(Context& ctx, std::span<const int64_t> sequences,
                           std::span<const std::vector<int32_t>> tokens) {
  TEMPER_ASSERT(sequences.size() == tokens.size());
  std::vector<int32_t> ids, positions, segments, rows;
  TokenBatch batch;
  for (size_t i = 0; i < sequences.size(); ++i) {
    int64_t& length = lengths_[static_cast<size_t>(sequences[i])];
    const auto added = static_cast<int64_t>(tokens[i].size());
    if (length + added > capacity_)
      fail(ErrorCode::invalid_argument, "kv cache: {} cached and {} new tokens are more than the {} it has room for",
           length, added, capacity_);
    const auto begin = static_cast<int32_t>(ids.size());
    const int64_t base = sequences[i] * capacity_;
    ids.insert(ids.end(), tokens[i].begin(), tokens[i].end());
    for (int64_t position = length; position < length + added; ++position) {
      positions.push_back(static_cast<int32_t>(position));
      rows.push_back(static_cast<int32_t>(base + position));
    }
    length += added;
    segments.insert(segments.end(), {begin, static_cast<int32_t>(ids.size()), static_cast<int32_t>(base),
                                     static_cast<int32_t>(base + length)});
    batch.max_queries = std::max(batch.max_queries, added);
    batch.max_keys = std::max(batch.max_keys, length);
  }
  const auto n = static_cast<int64_t>(ids.size());
  batch.ids = upload(ctx, ids, {n});
  batch.positions = upload(ctx, positions, {n});
  batch.cache_rows = upload(ctx, rows, {n});
  batch.segments = upload(ctx, segments, {static_cast<int64_t>(sequences.size()), 4});
  return batch;
}

void KvCache::truncate(int64_t sequence, int64_t length) {
  TEMPER_ASSERT(length >= 0 && length <= lengths_[static_cast<size_t>(sequence)]);
  lengths_[static_cast<size_t>(sequence)] = length;
}

}  // namespace temper
