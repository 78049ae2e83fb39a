#include "ops/lora_linear.h"

#include "autograd/tape.h"
#include "conformance/record.h"
#include "device/transfer.h"
#include "ops/cast.h"
#include "ops/reduce.h"

namespace temper::conformance {
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

}  // namespace

void register_lora_linear(std::vector<OpRecord>& records) {
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

}  // namespace temper::conformance
