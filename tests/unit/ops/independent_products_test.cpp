// The q, k and v products of a block, with and without adapters: independent work that a GPU may overlap.
#include <gtest/gtest.h>

#include <set>

#include "conformance/stored_weight.h"
#include "device/cpu/stream.h"
#include "device/op_specs/linear.h"
#include "device/op_specs/lora_linear.h"
#include "device/transfer.h"
#include "ops/linear.h"
#include "ops/lora_linear.h"

namespace temper {
namespace {

constexpr int64_t kIn = 8, kOut = 6, kRank = 2, kRows = 3;

std::vector<float> ramp(int64_t count, float step) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = step * static_cast<float>(static_cast<int>(i % 7) - 3);
  return values;
}

WeightHandle weight_of(Context& ctx, int which) {
  std::vector<double> values(kIn * kOut);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = on_weight_grid(0.1 * static_cast<double>((i + 5u * which) % 9));
  return stored_weight(ctx, kOut, kIn, values, QuantType::f32);
}

/// Notes when each launch's turn comes.
class NotingEncoder final : public cpu::CpuEncoder {
 public:
  NotingEncoder(Encoder& inner, std::vector<int>& order, int label)
      : inner_(cpu::cpu_encoder(inner)), order_(order), label_(label) {}
  void launch(std::string_view op, Operands inputs, Operands outputs, cpu::Body body) override {
    inner_.launch(op, inputs, outputs, [body = std::move(body), &order = order_, label = label_](cpu::Workspace& work) {
      order.push_back(label);
      body(work);
    });
  }
  void launch_checked(std::string_view op, Operands inputs, Operands outputs, FaultMessage message,
                      cpu::CheckedBody body) override {
    inner_.launch_checked(op, inputs, outputs, std::move(message), std::move(body));
  }

 private:
  cpu::CpuEncoder& inner_;
  std::vector<int>& order_;
  int label_;
};

TEST(IndependentProducts, OfTheSameInputNeedNoBarrierAndRunInEveryOrder) {
  std::set<std::vector<int>> orders;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Context ctx(open_backend({}, {.threads = 1}), {.deferred = true, .shuffle_seed = seed});
    const Tensor x = upload(ctx, ramp(kRows * kIn, 0.25f), {kRows, kIn});
    ctx.stream().synchronize();
    const int64_t barriers = ctx.counters().barriers;
    std::vector<int> order;  // written by the stream's own thread, read after synchronize()
    const auto* kernel = ctx.backend().kernels().find<specs::Linear>();
    std::vector<Operand> outputs;
    for (int i = 0; i < 3; ++i) {
      const TensorSpec result = spec(DType::f32, {kRows, kOut});
      outputs.push_back({ctx.stream().allocate(result.bytes()), result});
      NotingEncoder noting(ctx.stream().encoder(), order, i);
      const Operand in = operand(x);
      kernel->encode(noting, std::span(&in, 1), std::span(&outputs.back(), 1), {.weight = weight_of(ctx, i)});
    }
    EXPECT_EQ(ctx.counters().barriers, barriers);
    ctx.stream().synchronize();
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u) << "all orders of three launches";
}

TEST(IndependentProducts, WithAdaptersGiveTheSameBitsWithoutABarrier) {
  const auto run = [](const StreamOptions& options) {
    Context ctx(open_backend({}, {.threads = 1}), options);
    const Tensor x = upload(ctx, ramp(kRows * kIn, 0.25f), {kRows, kIn});
    const Tensor a = upload(ctx, ramp(kRank * kIn, 0.125f), {kRank, kIn}),
                 b = upload(ctx, ramp(kOut * kRank, 0.5f), {kOut, kRank});
    ctx.stream().synchronize();
    const int64_t barriers = ctx.counters().barriers;
    std::vector<Tensor> products;
    for (int i = 0; i < 3; ++i) products.push_back(lora_linear(ctx, x, a, b, weight_of(ctx, i), 2.0f));
    EXPECT_EQ(ctx.counters().barriers, barriers);
    std::vector<std::vector<float>> values;
    for (const Tensor& product : products) values.push_back(read<float>(ctx, product));
    return values;
  };
  const auto want = run({});
  for (uint64_t seed = 0; seed < 5; ++seed) EXPECT_EQ(run({.deferred = true, .shuffle_seed = seed}), want);
}

TEST(IndependentProducts, AProductOfAProductNeedsABarrier) {
  Context ctx(open_backend({}, {.threads = 1}), {.deferred = true});
  const Tensor x = upload(ctx, ramp(kRows * kIn, 0.25f), {kRows, kIn});
  ctx.stream().synchronize();
  const int64_t barriers = ctx.counters().barriers;
  const WeightHandle weight = weight_of(ctx, 0);
  const Tensor back = linear_transposed(ctx, linear(ctx, x, weight), weight);
  EXPECT_EQ(ctx.counters().barriers, barriers + 1);
  ctx.stream().synchronize();
}

}  // namespace
}  // namespace temper
