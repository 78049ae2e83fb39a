#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "adapter/lora_adapter.h"
#include "train/config.h"
#include "train/dataset.h"
#include "train/loss.h"
#include "train/report/metrics.h"
#include "train/run_state.h"

namespace temper::train {

/// Who is told what happens during a run. All are optional.
struct TrainObserver {
  std::function<void(const StepMetrics&)> on_step = {};
  std::function<void(const EvalMetrics&)> on_eval = {};
  /// "evaluating", "saving": what takes time apart from steps.
  std::function<void(std::string_view)> on_activity = {};
  /// Just before a checkpoint is committed: what must be on disk by then.
  std::function<void()> before_checkpoint = {};
};

struct TrainResult {
  int64_t steps = 0;
  bool interrupted = false;
};

/// Optimizer steps of a run: given `config.steps`, or as many as `config.epochs` take.
int64_t total_steps(const TrainConfig& config, const Dataset& train);

/// One LoRA fine-tuning run: AdamW on the adapter's parameters, loss normalised by the step's target tokens, gradient
/// clipping, schedule, evaluation, checkpoints. The model is never written.
class Trainer {
 public:
  Trainer(Context& ctx, const LanguageModel& model, LoraAdapter& adapter, const Dataset& train, const Dataset* valid,
          const TrainConfig& config);

  /// Goes on from a checkpoint instead of from the start.
  void resume(const CheckpointStore& store, const std::filesystem::path& checkpoint);

  /// Runs to the end, or until `*stop` becomes true; then a checkpoint is written after the current step. Evaluates
  /// before the first step, after the last one and, as asked, between; a finished run that is resumed, once more.
  /// Throws Error{numeric} naming step, row and layer when loss or gradients stop being finite; checkpoints stay as
  /// they were.
  TrainResult run(const CheckpointStore* store, const TrainObserver& observer, const std::atomic<bool>* stop = nullptr);

  const RunState& state() const { return state_; }
  /// Gradients of one step's batches, without updating anything: f32 [parameters], and the mean loss.
  struct StepGradients {
    double loss = 0;
    double grad_norm = 0;
    int64_t tokens = 0;
    int64_t targets = 0;
    bool finite = true;
  };
  StepGradients accumulate_gradients();
  const State& gradients() const { return gradients_; }

 private:
  void update(double lr);
  std::optional<EvalMetrics> evaluate_now(const std::atomic<bool>* stop);
  [[noreturn]] void fail_non_finite(const StepGradients& step, const std::vector<std::vector<int32_t>>& batches);
  int64_t eval_tokens() const;

  Context& ctx_;
  const LanguageModel& model_;
  LoraAdapter& adapter_;
  const Dataset& train_;
  const Dataset* valid_;
  TrainConfig config_;
  int64_t total_steps_;
  RunState state_;
  BatchSource source_;
  State gradients_;
  Tensor squared_norm_;
  std::vector<std::vector<int32_t>> last_batches_;
};

/// Highest resident memory of this process so far, in bytes (VmHWM).
double peak_rss_bytes();

}  // namespace temper::train
