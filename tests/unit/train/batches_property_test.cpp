// Batches: what an epoch covers, and that packing rows changes no loss.
#include <algorithm>
#include <cmath>
#include <set>

#include "device/transfer.h"
#include "support/golden_models.h"
#include "support/property.h"
#include "train/batches.h"
#include "train/loss.h"

namespace temper::train {
namespace {

using temper::testing::expect_property;
using temper::testing::GoldenModel;
using temper::testing::pick;

Row some_row(int32_t vocabulary, int max_tokens) {
  Row row;
  for (int i = pick(2, max_tokens); i > 0; --i) {
    row.ids.push_back(pick<int32_t>(0, vocabulary - 1));
    row.trained.push_back(static_cast<uint8_t>(!row.trained.empty() && pick(0, 1)));
  }
  row.trained.back() = 1;  // data sets refuse rows without a target
  return row;
}

Dataset some_dataset(int max_rows, int32_t vocabulary, int max_tokens) {
  Dataset dataset;
  for (int i = pick(1, max_rows); i > 0; --i) dataset.rows.push_back(some_row(vocabulary, max_tokens));
  return dataset;
}

TEST(BatchesProperty, AnEpochHasEveryRowOnceWithinTheLimits) {
  expect_property([] {
    const Dataset dataset = some_dataset(60, 10, 40);
    const BatchOptions options{.batch_size = pick<int64_t>(1, 9),
                               .batch_tokens = pick(0, 1) ? pick<int64_t>(1, 100) : 0,
                               .shuffle = pick(0, 1) == 1,
                               .seed = pick<uint64_t>(0, 1000)};
    const auto epoch = pick<int64_t>(0, 3);
    const auto plan = plan_epoch(dataset, options, epoch);
    std::vector<int32_t> rows;
    int64_t tokens = options.batch_tokens;  // of the batch before, which ended because the next row didn't fit
    for (const auto& batch : plan) {
      RC_ASSERT(!batch.empty());
      if (options.batch_tokens > 0)
        RC_ASSERT(tokens + dataset.rows[static_cast<size_t>(batch[0])].inputs() > options.batch_tokens);
      else if (&batch != &plan.back())
        RC_ASSERT(std::ssize(batch) == options.batch_size);
      tokens = 0;
      for (const int32_t row : batch) tokens += dataset.rows[static_cast<size_t>(row)].inputs();
      if (options.batch_tokens > 0)
        RC_ASSERT(tokens <= options.batch_tokens || batch.size() == 1);
      else
        RC_ASSERT(std::ssize(batch) <= options.batch_size);
      rows.insert(rows.end(), batch.begin(), batch.end());
    }
    if (!options.shuffle) RC_ASSERT(std::ranges::is_sorted(rows));
    std::ranges::sort(rows);
    for (size_t i = 0; i < rows.size(); ++i) RC_ASSERT(rows[i] == static_cast<int32_t>(i));
    RC_ASSERT(rows.size() == dataset.rows.size());
    RC_ASSERT(plan_epoch(dataset, options, epoch) == plan);
  });
}

TEST(BatchesProperty, ASourceResumedAnywhereGoesOnTheSame) {
  expect_property([] {
    const Dataset dataset = some_dataset(12, 10, 5);
    const BatchOptions options{.batch_size = pick<int64_t>(1, 5), .seed = pick<uint64_t>(0, 1000)};
    BatchSource whole(dataset, options);
    for (int i = pick(0, 30); i > 0; --i) whole.next();
    BatchSource resumed(dataset, options, whole.cursor());
    for (int i = 0; i < 10; ++i) {
      RC_ASSERT(resumed.next() == whole.next());
      RC_ASSERT(resumed.cursor() == whole.cursor());
    }
  });
}

TEST(BatchesProperty, TheLossOfAPackIsTheSumOfItsRowsLosses) {
  GoldenModel golden;
  const LanguageModel& model = golden.language_model();
  const auto vocabulary = static_cast<int32_t>(model.config().vocab_size);
  expect_property(
      [&] {
        const Dataset dataset = some_dataset(6, vocabulary, 24);
        const auto loss_of = [&](std::span<const int32_t> rows) {
          const LossBatch batch = make_loss_batch(golden.ctx, dataset, rows);
          return double{read<float>(golden.ctx, loss_sum(golden.ctx, model, batch, {}, 0.0f))[0]};
        };
        std::vector<int32_t> rows;
        double sum = 0.0;
        for (size_t i = 0; i < dataset.rows.size(); ++i) {
          rows.push_back(static_cast<int32_t>(i));
          sum += loss_of(std::span(rows).last(1));
        }
        const double packed = loss_of(rows);
        RC_ASSERT(std::abs(packed - sum) <= 1e-5 * sum);  // f32 sums in another order
        const EvalResult result = *evaluate(golden.ctx, model, nullptr, dataset, pick<int64_t>(1, 100));
        RC_ASSERT(result.targets == dataset.targets());
        RC_ASSERT(std::abs(result.loss * static_cast<double>(result.targets) - sum) <= 1e-5 * sum);
      },
      40);
}

}  // namespace
}  // namespace temper::train
