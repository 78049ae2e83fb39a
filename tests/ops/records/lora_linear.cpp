#include "ops/lora_linear.h"

#include <gtest/gtest.h>

#include "autograd/tape.h"
#include "device/transfer.h"
#include "ops/cast.h"
#include "ops/record.h"
#include "ops/reduce.h"

namespace temper::suite {
namespace {

constexpr float kLoraScale = 1.5f;
constexpr int64_t kLoraInputs = 10, kLoraOutputs = 7, kLoraRank = 3;

Array lora_weight() {
  return uniform({kLoraOutputs, kLoraInputs}, 91, -1.0, 1.0);
}

/// The values that the f32 storage of lora_weight() holds.
double lora_weight_at(const Array& w, int64_t i) {
  return static_cast<double>(static_cast<float>(w[i]));
}

Array lora_reference(const std::vector<Array>& in) {
  const Array w = lora_weight();
  const int64_t rows = in[0].elements() / kLoraInputs;
  Array y{in[0].shape, {}};
  y.shape.set(-1, kLoraOutputs);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t o = 0; o < kLoraOutputs; ++o) {
      double sum = 0.0;
      for (int64_t k = 0; k < kLoraInputs; ++k) {
        double product = lora_weight_at(w, o * kLoraInputs + k);
        for (int64_t r = 0; r < kLoraRank; ++r)
          product += double{kLoraScale} * in[2][o * kLoraRank + r] * in[1][r * kLoraInputs + k];
        sum += in[0][i * kLoraInputs + k] * product;
      }
      y.values.push_back(sum);
    }
  return y;
}

std::vector<Sample> lora_samples() {
  const auto sample = [](std::string name, const Shape& shape, bool smooth) -> Sample {
    return {std::move(name),
            {uniform(shape, 1), uniform({kLoraRank, kLoraInputs}, 2), uniform({kLoraOutputs, kLoraRank}, 3)},
            smooth};
  };
  return {sample("three rows", {3, kLoraInputs}, true), sample("batch", {2, 6, kLoraInputs}, true),
          sample("one row", {1, kLoraInputs}, false), sample("many rows", {70, kLoraInputs}, false)};
}

TEST(LoraLinear, AFrozenInputCostsNoProductWithTheWeight) {
  Context ctx(open_backend({}));
  const Array x0 = uniform({3, kLoraInputs}, 1);
  const auto on_device = [&](const Array& a) {
    return upload(ctx, std::vector<float>(a.values.begin(), a.values.end()), a.shape);
  };
  Tape tape;
  Context::TapeScope on(ctx, &tape);
  const Tensor a = tape.leaf(on_device(uniform({kLoraRank, kLoraInputs}, 2)));
  const Tensor b = tape.leaf(on_device(uniform({kLoraOutputs, kLoraRank}, 3)));
  ctx.set_prefer_composites(true);  // so that every product is counted
  const Tensor loss = sum_all(ctx, lora_linear(ctx, on_device(x0), a, b, weight(ctx, lora_weight()), kLoraScale));
  const auto before = ctx.counters().composites;
  const Gradients grads = tape.backward(ctx, loss);
  EXPECT_TRUE(grads.of(a).defined() && grads.of(b).defined());
  const auto count = [](const auto& counts, const char* op) {
    const auto found = counts.find(op);
    return found == counts.end() ? int64_t{0} : found->second;
  };
  EXPECT_EQ(count(ctx.counters().composites, "linear"), count(before, "linear"));
}

TEST(LoraLinear, SaysWhatTheAdapterMustLookLike) {
  Context ctx(open_backend({}));
  const auto blank = [&](const Shape& shape) {
    return upload(ctx, std::vector<float>(static_cast<size_t>(shape.elements())), shape);
  };
  try {
    lora_linear(ctx, blank({2, kLoraInputs}), blank({3, 9}), blank({kLoraOutputs, 3}), weight(ctx, lora_weight()),
                1.0f);
    FAIL() << "a wrong adapter was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::shape_mismatch);
    EXPECT_STREQ(error.what(),
                 "lora_linear: a f32[3,9] and b f32[7,3] must be [rank,10] and [7,rank] for weight 'weight' [7,10]");
  }
}

}  // namespace

void records_of_lora_linear(std::vector<OpRecord>& records) {
  records.push_back({
      .name = "lora_linear",
      .samples = lora_samples(),
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {lora_linear(ctx, in[0], in[1], in[2], weight(ctx, lora_weight()), kLoraScale)};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> { return {lora_reference(in)}; },
      .differentiable = {0, 1, 2},
      .accuracy = Accuracy::product,
  });
  // Adapters usually stay f32 beside 16-bit activations.
  records.push_back({
      .name = "lora_linear with an f32 adapter",
      .samples = lora_samples(),
      .dtypes = {DType::bf16, DType::f16},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {lora_linear(ctx, in[0], cast(ctx, in[1], DType::f32), cast(ctx, in[2], DType::f32),
                            weight(ctx, lora_weight()), kLoraScale)};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> { return {lora_reference(in)}; },
      .differentiable = {0, 1, 2},
      .accuracy = Accuracy::product,
  });
  records.push_back({
      .name = "lora_linear of a frozen input",
      .samples = {lora_samples()[0]},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {lora_linear(ctx, in[0], in[1], in[2], weight(ctx, lora_weight()), kLoraScale)};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> { return {lora_reference(in)}; },
      .differentiable = {1, 2},
      .accuracy = Accuracy::product,
  });
}

}  // namespace temper::suite
