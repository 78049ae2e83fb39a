#include "autograd/tape.h"

#include <gtest/gtest.h>

#include "device/transfer.h"
#include "ops/accumulate.h"
#include "ops/binary.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/rms_norm.h"
#include "ops/unary.h"

namespace temper {
namespace {

Context make_context() {
  return Context(open_backend({}));
}

Tensor vec(Context& ctx, std::vector<float> values) {
  const auto n = static_cast<int64_t>(values.size());
  return upload(ctx, values, {n});
}

TEST(Tape, ProductRule) {
  Context ctx = make_context();
  Tape tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor a = tape.leaf(vec(ctx, {1, 2, 3})), b = tape.leaf(vec(ctx, {4, 5, 6}));
  const Tensor loss = sum_all(ctx, mul(ctx, a, b));
  EXPECT_EQ(read<float>(ctx, loss), std::vector<float>{32});
  Gradients grads = tape.backward(ctx, loss);
  EXPECT_EQ(read<float>(ctx, grads.of(a)), (std::vector<float>{4, 5, 6}));
  EXPECT_EQ(read<float>(ctx, grads.of(b)), (std::vector<float>{1, 2, 3}));
}

TEST(Tape, NothingIsRecordedWithoutAVariable) {
  Context ctx = make_context();
  Tape tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor a = vec(ctx, {1, 2, 3});
  const Tensor y = mul(ctx, a, a);
  EXPECT_EQ(tape.size(), 0u);
  EXPECT_FALSE(y.requires_grad());
}

TEST(Tape, MatmulOfAFrozenMatrixComputesNoGradientForIt) {
  Context ctx = make_context();
  Tape tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor x = tape.leaf(upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 2}));
  const Tensor w = upload(ctx, std::vector<float>{1, 0, 2, 1}, {2, 2});
  const Tensor loss = sum_all(ctx, matmul(ctx, x, w));
  const int64_t before = ctx.counters().launches["matmul"];
  Gradients grads = tape.backward(ctx, loss);
  EXPECT_EQ(ctx.counters().launches["matmul"] - before, 1);
  EXPECT_EQ(read<float>(ctx, grads.of(x)), (std::vector<float>{1, 3, 1, 3}));
}

TEST(Tape, ANormWithAFrozenWeightMakesNoGradientForIt) {
  Context ctx = make_context();
  const Tensor x0 = upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 2}), w0 = vec(ctx, {1, 2});
  std::vector<int64_t> allocated;
  for (const bool frozen : {true, false}) {
    Tape tape;
    Context::TapeScope on(ctx, &tape);
    const Tensor x = tape.leaf(x0), w = frozen ? w0 : tape.leaf(w0);
    const Tensor loss = sum_all(ctx, rms_norm(ctx, x, w));
    const auto buffers = [&] { return ctx.counters().buffers_created + ctx.counters().buffers_reused; };
    const int64_t before = buffers();
    Gradients grads = tape.backward(ctx, loss);
    allocated.push_back(buffers() - before);
    EXPECT_EQ(grads.of(w).defined(), !frozen);
  }
  EXPECT_EQ(allocated[0] + 1, allocated[1]);
}

TEST(Tape, CheckpointGivesTheSameGradients) {
  Context ctx = make_context();
  const Tensor x0 = upload(ctx, std::vector<float>{0.5f, -1, 2, 3}, {2, 2});
  const Tensor w0 = upload(ctx, std::vector<float>{1, 0.25f, 2, 1}, {2, 2});
  std::vector<std::vector<float>> results;
  for (const bool checkpointed : {false, true}) {
    Tape tape;
    Context::TapeScope on(ctx, &tape);
    const Tensor x = tape.leaf(x0), w = tape.leaf(w0);
    const auto block = [w](Context& c, const Tensor& input) { return silu(c, matmul(c, input, w)); };
    const Tensor y = checkpointed ? checkpoint(ctx, x, block) : block(ctx, x);
    Gradients grads = tape.backward(ctx, sum_all(ctx, y));
    results.push_back(read<float>(ctx, grads.of(x)));
    results.push_back(read<float>(ctx, grads.of(w)));
  }
  EXPECT_EQ(results[0], results[2]);
  EXPECT_EQ(results[1], results[3]);
}

TEST(Tape, ACheckpointWithoutAVariableIsNotVisitedAgain) {
  Context ctx = make_context();
  const Tensor x = upload(ctx, std::vector<float>{0.5f, -1, 2, 3}, {2, 2}),
               w = upload(ctx, std::vector<float>{1, 0.25f, 2, 1}, {2, 2});
  int runs = 0;
  Tape tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor y = checkpoint(ctx, x, [w, &runs](Context& c, const Tensor& input) {
    ++runs;
    return silu(c, matmul(c, input, w));
  });
  EXPECT_FALSE(y.requires_grad());
  EXPECT_EQ(tape.size(), 0u);
  const Tensor v = tape.leaf(w);
  const Tensor z = checkpoint(ctx, y, [v, &runs](Context& c, const Tensor& input) {
    ++runs;
    return matmul(c, input, v);
  });
  const Tensor loss = sum_all(ctx, z);
  const int64_t products = ctx.counters().launches["matmul"];
  EXPECT_TRUE(tape.backward(ctx, loss).of(v).defined());
  EXPECT_EQ(runs, 3) << "both once, the one that learns once more";
  EXPECT_EQ(ctx.counters().launches["matmul"] - products, 2) << "the product again, and the gradient of v";
}

TEST(Tape, ACheckpointRefusesAnInputThatChangedSince) {
  Context ctx = make_context();
  State state(ctx, vec(ctx, {1, 2, 3}));
  Tape tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor v = tape.leaf(vec(ctx, {1, 1, 1}));
  const Tensor loss =
      sum_all(ctx, checkpoint(ctx, state.tensor(), [v](Context& c, const Tensor& input) { return mul(c, input, v); }));
  zero_(ctx, state);
  EXPECT_THROW(tape.backward(ctx, loss), Error);
}

TEST(Tape, DeferredModeAgreesBitForBit) {
  std::vector<std::vector<float>> results;
  for (const bool deferred : {false, true}) {
    Context ctx(open_backend({}), {.deferred = deferred, .shuffle_seed = 3});
    Tape tape;
    Context::TapeScope on(ctx, &tape);
    std::vector<float> values(64);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7) - 3.1f;
    const Tensor x = tape.leaf(upload(ctx, values, {8, 8})),
                 w = tape.leaf(upload(ctx, std::vector<float>(8, 0.5f), {8}));
    Tensor y = x;
    for (int i = 0; i < 5; ++i) y = rms_norm(ctx, add(ctx, silu(ctx, matmul(ctx, y, y)), x), w);
    const Tensor loss = sum_all(ctx, y);
    Gradients grads = tape.backward(ctx, loss);
    results.push_back(read<float>(ctx, loss));
    results.push_back(read<float>(ctx, grads.of(x)));
    results.push_back(read<float>(ctx, grads.of(w)));
  }
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(results[i], results[i + 3]);
}

}  // namespace
}  // namespace temper
