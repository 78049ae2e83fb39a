#pragma once

#include <cstdint>
#include <vector>

#include "train/dataset.h"

namespace temper::train {

struct BatchOptions {
  int64_t batch_size = 4;    ///< rows a batch
  int64_t batch_tokens = 0;  ///< when positive: as many rows as fit this many input tokens, at least one
  bool shuffle = true;
  uint64_t seed = 0;
};

/// The batches of one epoch, as row indices: a function of the options and the epoch alone, so that a resumed run sees
/// what the uninterrupted one would have. Rows go end to end without padding, so lengths within a batch needn't match.
std::vector<std::vector<int32_t>> plan_epoch(const Dataset& dataset, const BatchOptions& options, int64_t epoch);

/// Where a run is in its data: the next batch to train on.
struct DataCursor {
  int64_t epoch = 0;
  int64_t batch = 0;
  bool operator==(const DataCursor&) const = default;
};

/// Hands out batches, epoch after epoch.
class BatchSource {
 public:
  BatchSource(const Dataset& dataset, const BatchOptions& options, DataCursor start = {});
  /// Row indices of the next batch.
  std::vector<int32_t> next();
  const DataCursor& cursor() const { return cursor_; }

 private:
  const Dataset* dataset_;
  BatchOptions options_;
  DataCursor cursor_;
  std::vector<std::vector<int32_t>> plan_;
};

}  // namespace temper::train
