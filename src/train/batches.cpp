#include "train/batches.h"

#include <numeric>
#include <utility>

#include "base/fail.h"
#include "base/philox.h"

namespace temper::train {
namespace {

constexpr uint32_t kShuffleSite = 0x5348u;  // apart from the call sites of random ops, which count from 0

}  // namespace

std::vector<std::vector<int32_t>> plan_epoch(const Dataset& dataset, const BatchOptions& options, int64_t epoch) {
  if (options.batch_tokens <= 0 && options.batch_size < 1)
    fail(ErrorCode::invalid_argument, "batches: {} rows a batch; at least 1 is needed", options.batch_size);
  std::vector<int32_t> order(dataset.rows.size());
  std::iota(order.begin(), order.end(), 0);
  if (options.shuffle) {
    const RngKey key{options.seed, static_cast<uint32_t>(epoch), kShuffleSite};
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[key.draw(i)[0] % i]);
  }
  std::vector<std::vector<int32_t>> batches;
  int64_t tokens = 0;
  for (const int32_t row : order) {
    const int64_t length = dataset.rows[static_cast<size_t>(row)].inputs();
    const bool full = batches.empty() ||
                      (options.batch_tokens > 0 ? tokens + length > options.batch_tokens
                                                : static_cast<int64_t>(batches.back().size()) >= options.batch_size);
    if (full) {
      batches.emplace_back();
      tokens = 0;
    }
    batches.back().push_back(row);
    tokens += length;
  }
  return batches;
}

BatchSource::BatchSource(const Dataset& dataset, const BatchOptions& options, DataCursor start)
    : dataset_(&dataset), options_(options), cursor_(start), plan_(plan_epoch(dataset, options, start.epoch)) {}

std::vector<int32_t> BatchSource::next() {
  if (cursor_.batch >= static_cast<int64_t>(plan_.size())) {
    cursor_ = {cursor_.epoch + 1, 0};
    plan_ = plan_epoch(*dataset_, options_, cursor_.epoch);
  }
  return plan_[static_cast<size_t>(cursor_.batch++)];
}

}  // namespace temper::train
