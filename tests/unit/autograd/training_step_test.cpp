// A small training step through the whole core: what it computes, and what it allocates.
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/tape.h"
#include "device/transfer.h"
#include "ops/adamw.h"
#include "ops/binary.h"
#include "ops/dropout.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/reduce.h"
#include "ops/rms_norm.h"
#include "ops/softmax.h"
#include "ops/unary.h"

namespace temper {
namespace {

struct Parameter {
  State value, m, v;
};

std::vector<float> wave(size_t n, float step) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = std::sin(static_cast<float>(i) * step);
  return values;
}

/// Two layers with dropout, trained towards a constant by AdamW with clipping.
class TrainingLoop {
 public:
  explicit TrainingLoop(const StreamOptions& options) : ctx_(open_backend({}, {.threads = 2}), options) {
    for (size_t i = 0; i < 2; ++i) {
      parameters_[i].value = State(ctx_, upload(ctx_, wave(64, 0.37f + static_cast<float>(i)), {8, 8}));
      parameters_[i].m = State::zeros(ctx_, DType::f32, {8, 8});
      parameters_[i].v = State::zeros(ctx_, DType::f32, {8, 8});
    }
  }

  float step(int t) {
    ctx_.begin_step(42, static_cast<uint64_t>(t));
    const Tensor x = upload(ctx_, wave(32, 0.1f), {4, 8});
    Tape tape;
    Context::TapeScope on(ctx_, &tape);
    const Tensor ones = tape.leaf(upload(ctx_, std::vector<float>(8, 1.0f), {8}));  // its gradient takes scratch
    const Tensor a = tape.leaf(parameters_[0].value.tensor()), b = tape.leaf(parameters_[1].value.tensor());
    const Tensor hidden = dropout(ctx_, silu(ctx_, matmul(ctx_, rms_norm(ctx_, x, ones), a)), 0.25f);
    const Tensor y = log_softmax(ctx_, matmul(ctx_, hidden, b));
    const Tensor loss = neg(ctx_, sum_all(ctx_, mul(ctx_, y, x)));
    Gradients grads = tape.backward(ctx_, loss);
    Context::TapeScope off(ctx_, nullptr);
    const Tensor ga = grads.of(a), gb = grads.of(b);
    const Tensor scale = clip_scale(ctx_, add(ctx_, sum_of_squares(ctx_, ga), sum_of_squares(ctx_, gb)), 1.0f);
    const auto f = static_cast<float>(t);
    const Tensor hyper = upload(
        ctx_, std::vector<float>{0.05f, 0.9f, 0.99f, 1e-8f, 0.01f, 1 - std::pow(0.9f, f), 1 - std::pow(0.99f, f), 1.0f},
        {8});
    adamw_(ctx_, parameters_[0].value, parameters_[0].m, parameters_[0].v, ga, hyper, scale);
    adamw_(ctx_, parameters_[1].value, parameters_[1].m, parameters_[1].v, gb, hyper, scale);
    return read<float>(ctx_, loss)[0];
  }

  const Counters& counters() const { return ctx_.counters(); }

 private:
  Context ctx_;
  Parameter parameters_[2];
};

const StreamOptions kModes[] = {{}, {.deferred = true}, {.deferred = true, .shuffle_seed = 5}};

TEST(TrainingStep, TheLossFallsAndIsTheSameInEveryMode) {
  std::vector<std::vector<float>> losses;
  for (const StreamOptions& mode : kModes) {
    TrainingLoop loop(mode);
    losses.emplace_back();
    for (int t = 1; t <= 12; ++t) losses.back().push_back(loop.step(t));
  }
  EXPECT_LT(losses[0].back(), losses[0].front() - 1.0f);
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_EQ(losses[0], losses[2]);
}

TEST(TrainingStep, InSteadyStateMemoryComesFromThePoolOnly) {
  for (const StreamOptions& mode : kModes) {
    TrainingLoop loop(mode);
    for (int t = 1; t <= 3; ++t) loop.step(t);
    const int64_t created = loop.counters().buffers_created, reused = loop.counters().buffers_reused;
    const int64_t peak = loop.counters().peak_bytes, scratch = loop.counters().scratch_bytes;
    EXPECT_GT(scratch, 0);
    for (int t = 4; t <= 10; ++t) loop.step(t);
    EXPECT_EQ(loop.counters().buffers_created, created);
    EXPECT_GT(loop.counters().buffers_reused, reused);
    EXPECT_EQ(loop.counters().peak_bytes, peak);
    EXPECT_EQ(loop.counters().scratch_bytes, scratch);
  }
}

TEST(TrainingStep, BackwardRefusesASavedTensorThatChangedSince) {
  Context ctx(open_backend({}, {.threads = 1}));
  State w = State::zeros(ctx, DType::f32, {4}), m = State::zeros(ctx, DType::f32, {4}),
        v = State::zeros(ctx, DType::f32, {4});
  Tape tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor x = tape.leaf(upload(ctx, std::vector<float>(4, 1.0f), {4}));
  const Tensor loss = sum_all(ctx, mul(ctx, x, w.tensor()));
  adamw_(ctx, w, m, v, upload(ctx, std::vector<float>(4, 1.0f), {4}), upload(ctx, std::vector<float>(8, 0.5f), {8}));
  EXPECT_THROW(tape.backward(ctx, loss), Error);
}

TEST(TrainingStep, AnInPlaceOpRefusesATensorThatRequiresAGradient) {
  Context ctx(open_backend({}, {.threads = 1}));
  State w = State::zeros(ctx, DType::f32, {4}), m = State::zeros(ctx, DType::f32, {4}),
        v = State::zeros(ctx, DType::f32, {4});
  Tape tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor grad = tape.leaf(upload(ctx, std::vector<float>(4, 1.0f), {4}));
  EXPECT_THROW(adamw_(ctx, w, m, v, grad, upload(ctx, std::vector<float>(8, 0.5f), {8})), Error);
}

}  // namespace
}  // namespace temper
