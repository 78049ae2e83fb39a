// `temper train --dry-run` says how much memory a run needs; here its estimate meets what the pool hands out.
#include "cli/train_memory.h"

#include <gtest/gtest.h>

#include "support/golden_models.h"
#include "train/trainer.h"

namespace temper::cli {
namespace {

using temper::testing::golden_path;

train::Dataset dataset_of(int64_t rows, int64_t tokens, int64_t targets) {
  train::Dataset dataset;
  for (int64_t r = 0; r < rows; ++r) {
    train::Row row;
    for (int64_t t = 0; t <= tokens; ++t) {
      row.ids.push_back(static_cast<int32_t>((r * 31 + t * 7) % 200));
      row.trained.push_back(static_cast<uint8_t>(t > tokens - targets));
    }
    dataset.rows.push_back(std::move(row));
  }
  return dataset;
}

struct Case {
  DType dtype;
  bool grad_checkpoint;
  int64_t tokens, targets;
  float dropout = 0.0f;
  std::vector<std::string> targets_of_adapter = {};
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << name_of(c.dtype) << (c.grad_checkpoint ? ", checkpointed, " : ", ") << c.tokens << " tokens, " << c.targets
       << " targets, dropout " << c.dropout << (c.targets_of_adapter.empty() ? "" : ", some layers");
}

class TrainMemory : public ::testing::TestWithParam<Case> {};

TEST_P(TrainMemory, EstimateOfTensorsIsWithin15PercentOfThePeak) {
  const Case& c = GetParam();
  const auto backend = open_backend({}, {.threads = 1});
  Context ctx(backend);
  const TextModel model = TextModel::load(*backend, ctx, golden_path("tiny_llama/gqa_tied"), {.dtype = c.dtype});
  const train::Dataset dataset = dataset_of(4, c.tokens, c.targets);
  LoraConfig lora;
  lora.rank = 4;
  lora.dropout = c.dropout;
  if (!c.targets_of_adapter.empty()) lora.targets = c.targets_of_adapter;
  train::TrainConfig config;
  config.steps = 2;
  config.grad_checkpoint = c.grad_checkpoint;
  config.batches = {.batch_size = 4};

  Context run(backend);  // its pool holds the run's tensors only
  LoraAdapter adapter = LoraAdapter::create(run, model.language_model(), lora, 0);
  const MemoryEstimate estimate = estimate_memory(model.language_model(), adapter, dataset, config);
  train::Trainer trainer(run, model.language_model(), adapter, dataset, nullptr, config);
  trainer.run(nullptr, {});
  const auto peak = static_cast<double>(run.counters().peak_bytes);
  EXPECT_NEAR(estimate.tensors() / peak, 1.0, 0.15)
      << "estimated " << estimate.tensors() << " (activations " << estimate.activations << ", optimizer "
      << estimate.optimizer << ", temporaries " << estimate.temporaries << "), measured " << peak;
}

INSTANTIATE_TEST_SUITE_P(Runs, TrainMemory,
                         ::testing::Values(Case{DType::f32, false, 48, 48}, Case{DType::f32, false, 400, 400},
                                           Case{DType::f32, true, 48, 48}, Case{DType::f32, true, 400, 400},
                                           Case{DType::bf16, false, 48, 48}, Case{DType::bf16, false, 400, 400},
                                           Case{DType::bf16, true, 48, 48}, Case{DType::bf16, true, 400, 400},
                                           Case{DType::f32, false, 400, 20}, Case{DType::f32, false, 400, 400, 0.1f},
                                           Case{DType::bf16, false, 400, 400, 0.1f},
                                           Case{DType::f32, false, 400, 400, 0.0f, {"q_proj", "v_proj"}}),
                         [](const auto& info) { return std::to_string(info.index); });

}  // namespace
}  // namespace temper::cli
