#include "train/trainer.h"

#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/fail.h"
#include "device/transfer.h"
#include "ops/accumulate.h"
#include "ops/adamw.h"
#include "ops/concat.h"
#include "ops/norm.h"
#include "ops/unary.h"
#include "ops/view.h"

namespace temper::train {
namespace {

// f16 gradients underflow without a scale; PyTorch's GradScaler starts and grows likewise.
constexpr double kFirstLossScale = 65536.0;
constexpr int64_t kStepsPerScaleGrowth = 2000;
constexpr int64_t kMinEvalTokens = 1024;

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// The sign of a NaN says nothing.
double unsigned_nan(double value) {
  return std::isnan(value) ? std::abs(value) : value;
}

TrainConfig checked(TrainConfig config) {
  check(config);
  config.batches.seed = config.seed;
  return config;
}

}  // namespace

double peak_rss_bytes() {
  if (std::FILE* file = std::fopen("/proc/self/status", "r")) {
    char line[256];
    double kilobytes = 0;
    while (std::fgets(line, sizeof line, file))
      if (std::strncmp(line, "VmHWM:", 6) == 0) kilobytes = std::strtod(line + 6, nullptr);
    std::fclose(file);
    return kilobytes * 1024.0;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss);  // bytes on macOS, the one system without /proc that we build for
}

int64_t total_steps(const TrainConfig& config, const Dataset& train) {
  if (config.steps > 0) return config.steps;
  int64_t batches = 0;
  for (int64_t epoch = 0; epoch < config.epochs; ++epoch)
    batches += static_cast<int64_t>(plan_epoch(train, config.batches, epoch).size());
  return (batches + config.grad_accum - 1) / config.grad_accum;
}

Trainer::Trainer(Context& ctx, const LanguageModel& model, LoraAdapter& adapter, const Dataset& train,
                 const Dataset* valid, const TrainConfig& config)
    : ctx_(ctx),
      model_(model),
      adapter_(adapter),
      train_(train),
      valid_(valid),
      config_(checked(config)),
      total_steps_(total_steps(config_, train)),
      source_(train, config_.batches) {
  const Shape shape = {adapter.parameter_count()};
  state_.m = State::zeros(ctx, DType::f32, shape);
  state_.v = State::zeros(ctx, DType::f32, shape);
  gradients_ = State::zeros(ctx, DType::f32, shape);
  if (model.compute_dtype() == DType::f16) state_.loss_scale = kFirstLossScale;
}

void Trainer::resume(const CheckpointStore& store, const std::filesystem::path& checkpoint) {
  store.load(ctx_, checkpoint, adapter_, state_);
  source_ = BatchSource(train_, config_.batches, state_.cursor);
}

Trainer::StepGradients Trainer::accumulate_gradients() {
  ctx_.begin_step(config_.seed, static_cast<uint64_t>(state_.step));
  StepGradients result;
  std::vector<LossBatch> batches;
  last_batches_.clear();
  for (int64_t i = 0; i < config_.grad_accum; ++i) {
    last_batches_.push_back(source_.next());
    batches.push_back(make_loss_batch(ctx_, train_, last_batches_.back()));
    result.tokens += batches.back().tokens.tokens();
    result.targets += batches.back().target_count;
  }
  state_.cursor = source_.cursor();

  zero_(ctx_, gradients_);
  std::vector<Tensor> statistics;  // read together, so that the host waits once a step
  for (const LossBatch& batch : batches) {
    Tape tape;
    std::vector<Tensor> variables;
    const BoundAdapter adapter = adapter_.bind(tape, &variables);
    Context::TapeScope on(ctx_, &tape);
    const Tensor loss =
        loss_sum(ctx_, model_, batch, {.adapter = &adapter, .checkpoint_activations = config_.grad_checkpoint},
                 config_.label_smoothing);
    statistics.push_back(reshape(ctx_, loss.detached(), {1}));
    const Tensor scaled = scale(ctx_, loss, state_.loss_scale / static_cast<double>(result.targets));
    Gradients grads = tape.backward(ctx_, scaled);
    Context::TapeScope off(ctx_, nullptr);
    for (size_t i = 0; i < variables.size(); ++i) {
      const LoraSlot& slot = adapter_.slots()[i / 2];
      const Tensor grad = grads.take(variables[i].grad_id());
      if (grad.defined()) accumulate_(ctx_, gradients_, i % 2 == 0 ? slot.a_offset : slot.b_offset, grad);
    }
  }
  squared_norm_ = sum_of_squares(ctx_, gradients_.tensor());
  statistics.push_back(reshape(ctx_, squared_norm_, {1}));
  const std::vector<float> values = read<float>(ctx_, concat(ctx_, statistics, 0));
  double loss = 0;
  for (size_t i = 0; i + 1 < values.size(); ++i) loss += double{values[i]};
  result.loss = loss / static_cast<double>(result.targets);
  result.grad_norm = std::sqrt(double{values.back()}) / state_.loss_scale;
  result.finite = std::isfinite(result.loss) && std::isfinite(result.grad_norm);
  return result;
}

void Trainer::update(double lr) {
  const auto t = static_cast<double>(state_.step + 1);
  const std::array<float, 8> hyper = {static_cast<float>(lr),
                                      static_cast<float>(config_.beta1),
                                      static_cast<float>(config_.beta2),
                                      static_cast<float>(config_.eps),
                                      static_cast<float>(config_.weight_decay),
                                      static_cast<float>(1.0 - std::pow(config_.beta1, t)),
                                      static_cast<float>(1.0 - std::pow(config_.beta2, t)),
                                      static_cast<float>(1.0 / state_.loss_scale)};
  const Tensor hyper_tensor = upload(ctx_, std::span<const float>(hyper), {8});
  Tensor clip;
  if (config_.max_grad_norm > 0)
    clip = clip_scale(ctx_, squared_norm_, static_cast<float>(config_.max_grad_norm * state_.loss_scale));
  adamw_(ctx_, adapter_.parameters(), state_.m, state_.v, gradients_.tensor(), hyper_tensor, clip);
}

int64_t Trainer::eval_tokens() const {
  return std::max(kMinEvalTokens, config_.batches.batch_tokens);
}

std::optional<EvalMetrics> Trainer::evaluate_now(const std::atomic<bool>* stop) {
  const BoundAdapter adapter = adapter_.bind();
  const auto result = evaluate(ctx_, model_, &adapter, *valid_, eval_tokens(), stop);
  if (!result) return std::nullopt;
  return EvalMetrics{
      .step = state_.step, .loss = result->loss, .perplexity = result->perplexity, .target_tokens = result->targets};
}

TrainResult Trainer::run(const CheckpointStore* store, const TrainObserver& observer, const std::atomic<bool>* stop) {
  TrainResult result;
  bool evaluation_cut = false;
  const auto save = [&] {
    if (!store) return;
    if (observer.on_activity) observer.on_activity("saving");
    if (observer.before_checkpoint) observer.before_checkpoint();
    store->save(ctx_, adapter_, state_);
  };
  const auto evaluate_and_report = [&] {
    if (observer.on_activity) observer.on_activity("evaluating");
    const auto metrics = evaluate_now(stop);
    if (metrics && observer.on_eval) observer.on_eval(*metrics);
    evaluation_cut |= !metrics;
  };
  if (valid_ && (state_.step == 0 || state_.step == total_steps_)) evaluate_and_report();

  while (state_.step < total_steps_ && !(stop && stop->load())) {
    const auto start = std::chrono::steady_clock::now();
    const double lr = learning_rate(config_.schedule, config_.lr, state_.step, config_.warmup, total_steps_);
    const DataCursor before = state_.cursor;
    const StepGradients step = accumulate_gradients();
    if (!step.finite) {
      // f16: an overflow of the scaled gradients is expected now and then; the step is repeated with a smaller scale.
      if (state_.loss_scale > 1.0 && std::isfinite(step.loss)) {
        state_.loss_scale /= 2.0;
        state_.steps_since_scale_change = 0;
        state_.cursor = before;
        source_ = BatchSource(train_, config_.batches, before);
        continue;
      }
      fail_non_finite(step, last_batches_);
    }
    update(lr);
    ++state_.step;
    if (model_.compute_dtype() == DType::f16 && ++state_.steps_since_scale_change >= kStepsPerScaleGrowth) {
      state_.loss_scale *= 2.0;
      state_.steps_since_scale_change = 0;
    }
    ctx_.stream().commit();
    const double ms = milliseconds_since(start);
    if (observer.on_step)
      observer.on_step({.step = state_.step,
                        .loss = step.loss,
                        .lr = lr,
                        .grad_norm = step.grad_norm,
                        .tokens = step.tokens,
                        .target_tokens = step.targets,
                        .step_ms = ms,
                        .tokens_per_s = static_cast<double>(step.tokens) / ms * 1000.0,
                        .peak_rss_bytes = peak_rss_bytes()});
    const bool last = state_.step == total_steps_;
    if (valid_ && (last || (config_.eval_every > 0 && state_.step % config_.eval_every == 0))) evaluate_and_report();
    if (!last && config_.save_every > 0 && state_.step % config_.save_every == 0) save();
  }
  result.interrupted = state_.step < total_steps_ || evaluation_cut;
  save();
  result.steps = state_.step;
  return result;
}

void Trainer::fail_non_finite(const StepGradients& step, const std::vector<std::vector<int32_t>>& batches) {
  // Forward passes of single rows find the first layer whose output isn't finite.
  const BoundAdapter adapter = adapter_.bind();
  const auto finite = [&](const Tensor& x) {
    return std::isfinite(read<float>(ctx_, reshape(ctx_, sum_of_squares(ctx_, x), {1}))[0]);
  };
  std::string where = "every row's forward pass is finite alone, so the gradient overflowed";
  bool found = false;
  for (const auto& batch : batches)
    for (const int32_t row : batch) {
      if (found) break;
      int64_t bad_layer = -1;
      const LossBatch single = make_loss_batch(ctx_, train_, std::span(&row, 1));
      const auto observe = [&](int64_t layer, const Tensor& hidden) {
        if (bad_layer < 0 && !finite(hidden)) bad_layer = layer;
      };
      const Tensor loss = loss_sum(ctx_, model_, single, {.adapter = &adapter, .observe = observe}, 0.0f);
      if (bad_layer < 0 && std::isfinite(read<float>(ctx_, loss)[0])) continue;
      found = true;
      where = fmt::format("first in row {}:{}, {}", train_.path.string(), train_.rows[static_cast<size_t>(row)].line,
                          bad_layer >= 0 ? fmt::format("in the output of layer {}", bad_layer)
                                         : std::string("in the loss after the last layer"));
    }
  fail(
      ErrorCode::numeric,
      "train: step {}: loss {}, gradient norm {}: {}; the last checkpoint is kept, a lower --lr or longer --warmup may "
      "help",
      state_.step + 1, unsigned_nan(step.loss), unsigned_nan(step.grad_norm), where);
}

}  // namespace temper::train
