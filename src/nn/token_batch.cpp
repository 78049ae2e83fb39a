#include "nn/token_batch.h"

#include <algorithm>

#include "device/transfer.h"

namespace temper {

TokenBatch make_token_batch(Context& ctx, std::span<const std::vector<int32_t>> sequences) {
  std::vector<int32_t> ids, positions, segments;
  TokenBatch batch;
  for (const std::vector<int32_t>& sequence : sequences) {
    const auto begin = static_cast<int32_t>(ids.size()), length = static_cast<int32_t>(sequence.size());
    ids.insert(ids.end(), sequence.begin(), sequence.end());
    for (int32_t position = 0; position < length; ++position) positions.push_back(position);
    segments.insert(segments.end(), {begin, begin + length, begin, begin + length});
    batch.max_queries = std::max<int64_t>(batch.max_queries, length);
  }
  batch.max_keys = batch.max_queries;
  const auto n = static_cast<int64_t>(ids.size());
  batch.ids = upload(ctx, ids, {n});
  batch.positions = upload(ctx, positions, {n});
  batch.segments = upload(ctx, segments, {static_cast<int64_t>(sequences.size()), 4});
  return batch;
}

}  // namespace temper
