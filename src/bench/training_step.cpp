#include "bench/training_step.h"

#include <unistd.h>

#include <cmath>

#include "adapter/lora_adapter.h"
#include "base/fail.h"
#include "bench/seeded_model.h"
#include "models/language_model.h"
#include "train/trainer.h"

namespace temper::bench {
namespace {

constexpr LlamaSizes kSizes = {4096, 256, 768, 2, 4, 2};
constexpr int64_t kRows = 4, kTokens = 64;

/// The model's folder for as long as it is needed.
class TemporaryModel {
 public:
  TemporaryModel() : folder_(std::filesystem::temp_directory_path() / fmt_name()) {
    write_seeded_model(folder_, llama_config(kSizes), 1);
  }
  ~TemporaryModel() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TemporaryModel(const TemporaryModel&) = delete;
  TemporaryModel& operator=(const TemporaryModel&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  static std::string fmt_name() {
    static int count = 0;
    return "temper-bench-" + std::to_string(getpid()) + "-" + std::to_string(count++);
  }
  std::filesystem::path folder_;
};

/// The model with an adapter and data, on a context.
struct StepRunner {
  Context& ctx;
  std::unique_ptr<LanguageModel> model;
  train::Dataset dataset;

  StepRunner(Context& context, DType dtype) : ctx(context) {
    const TemporaryModel files;
    const io::Checkpoint checkpoint = io::Checkpoint::open(files.folder(), {.needs_tokenizer = false});
    model = load_language_model(ctx.backend(), ctx, checkpoint, {.compute = dtype, .dense = dtype});
    for (int64_t row = 0; row < 4 * kRows; ++row) {
      train::Row made;
      for (int64_t i = 0; i < kTokens; ++i)
        made.ids.push_back(static_cast<int32_t>((row * 131 + i * i * 17) % kSizes.vocabulary));
      made.trained.assign(made.ids.size(), 1);
      dataset.rows.push_back(std::move(made));
    }
  }

  std::vector<train::StepMetrics> steps(int count) {
    LoraAdapter adapter =
        LoraAdapter::create(ctx, *model, {.rank = 8, .alpha = 16, .dropout = 0.0, .targets = {"all-linear"}}, 0);
    train::TrainConfig config;
    config.steps = count;
    config.lr = 1e-3;
    config.warmup = 0;
    config.batches = {.batch_size = kRows, .shuffle = false};
    train::Trainer trainer(ctx, *model, adapter, dataset, nullptr, config);
    std::vector<train::StepMetrics> metrics;
    trainer.run(nullptr, {.on_step = [&](const train::StepMetrics& step) { metrics.push_back(step); }});
    return metrics;
  }
};

}  // namespace

Case training_step_case(DType dtype) {
  const int64_t tokens = kRows * (kTokens - 1);
  const io::ModelConfig config = llama_config(kSizes);
  const auto hidden = static_cast<double>(config.hidden_size);
  const double layer =
      hidden * hidden * (2 + 2 * static_cast<double>(config.num_kv_heads) / static_cast<double>(config.num_heads)) +
      3 * hidden * static_cast<double>(config.intermediate_size);
  const double weights =
      layer * static_cast<double>(config.num_layers) + hidden * static_cast<double>(config.vocab_size);
  return {.op = "training_step",
          .shape = "Llama 2 x 256, 4 x 64 tokens, r 8",
          .dtype = std::string(name_of(dtype)),
          .flops = 4 * weights * static_cast<double>(tokens),  // forward and backward; frozen weights have no gradient
          .bytes = 2 * weights * static_cast<double>(size_of(dtype)),
          .peer = nullptr,
          .prepare = [=](Context& ctx) -> Prepared {
            const auto runner = std::make_shared<StepRunner>(ctx, dtype);
            return {.check =
                        [=] {
                          Context cpu(open_backend({DeviceType::cpu, 0}));
                          const std::vector<train::StepMetrics> got = runner->steps(3),
                                                                want = StepRunner(cpu, DType::f32).steps(3);
                          const double tolerance = dtype == DType::f32 ? 1e-4 : 2e-2;
                          for (size_t i = 0; i < want.size(); ++i)
                            if (!(std::abs(got[i].loss - want[i].loss) <= tolerance * want[i].loss))
                              fail(ErrorCode::numeric, "training_step: the loss of step {} is {}, on the CPU in f32 {}",
                                   i + 1, got[i].loss, want[i].loss);
                        },
                    .durations =
                        [=](int count) {
                          std::vector<double> seconds;
                          for (const train::StepMetrics& step : runner->steps(count + 1))
                            seconds.push_back(step.step_ms / 1e3);
                          seconds.erase(seconds.begin());
                          return seconds;
                        }};
          }};
}

}  // namespace temper::bench
