#include "ops/lora_linear.h"

#include "autograd/tape.h"
#include "conformance/record.h"
#include "conformance/samples.h"
#include "device/transfer.h"
#include "ops/cast.h"
#include "ops/reduce.h"

namespace temper::conformance {
namespace {

constexpr float kLoraScale = 1.5f;
constexpr int64_t kLoraRank = 3;

/// A frozen weight [outputs, inputs] whose values its storage holds exactly.
struct Frozen {
  Array values;
  QuantType type;

  int64_t outputs() const { return values.shape[0]; }
  int64_t inputs() const { return values.shape[1]; }
};

Frozen small_weight() {
  Array values = uniform({7, 10}, 91, -1.0, 1.0);
  for (double& value : values.values) value = double{static_cast<float>(value)};
  return {values, QuantType::f32};
}

Array lora_reference(const Frozen& w, const std::vector<Array>& in) {
  const int64_t inputs = w.inputs(), outputs = w.outputs(), rows = in[0].elements() / inputs;
  Array y{in[0].shape, {}};
  y.shape.set(-1, outputs);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t o = 0; o < outputs; ++o) {
      double sum = 0.0;
      for (int64_t k = 0; k < inputs; ++k) {
        double product = w.values[o * inputs + k];
        for (int64_t r = 0; r < kLoraRank; ++r)
          product += double{kLoraScale} * in[2][o * kLoraRank + r] * in[1][r * inputs + k];
        sum += in[0][i * inputs + k] * product;
      }
      y.values.push_back(sum);
    }
  return y;
}

std::vector<Sample> lora_samples(const Frozen& w) {
  const int64_t inputs = w.inputs();
  const auto sample = [&](std::string name, const Shape& shape, bool smooth) -> Sample {
    return {std::move(name),
            {uniform(shape, 1), uniform({kLoraRank, inputs}, 2), uniform({w.outputs(), kLoraRank}, 3)},
            smooth};
  };
  return {sample("three rows", {3, inputs}, true), sample("batch", {2, 6, inputs}, true),
          sample("one row", {1, inputs}, false), sample("many rows", {70, inputs}, false)};
}

OpRecord lora_record(std::string name, const Frozen& w) {
  return {
      .name = std::move(name),
      .samples = lora_samples(w),
      .run = [w](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {lora_linear(ctx, in[0], in[1], in[2], stored(ctx, w.values, w.type), kLoraScale)};
      },
      .reference = [w](const std::vector<Array>& in) -> std::vector<Array> { return {lora_reference(w, in)}; },
      .differentiable = {0, 1, 2},
      .accuracy = Accuracy::product,
  };
}

/// Adapters usually stay f32 beside 16-bit activations.
OpRecord lora_record_of_f32_adapter(std::string name, const Frozen& w) {
  OpRecord record = lora_record(std::move(name), w);
  record.dtypes = {DType::bf16, DType::f16};
  record.run = [w](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
    return {lora_linear(ctx, in[0], cast(ctx, in[1], DType::f32), cast(ctx, in[2], DType::f32),
                        stored(ctx, w.values, w.type), kLoraScale)};
  };
  return record;
}

}  // namespace

void register_lora_linear(std::vector<OpRecord>& records) {
  const Frozen small = small_weight();
  records.push_back(lora_record("lora_linear", small));
  records.push_back(lora_record_of_f32_adapter("lora_linear with an f32 adapter", small));
  OpRecord frozen_input = lora_record("lora_linear of a frozen input", small);
  frozen_input.samples.resize(1);
  frozen_input.differentiable = {1, 2};
  records.push_back(std::move(frozen_input));
  for (const QuantType type : {QuantType::bf16, QuantType::q8_0}) {
    const Frozen w{weight_values(37, 64, 92), type};
    const std::string storage(name_of(type));
    records.push_back(lora_record("lora_linear " + storage, w));
    records.push_back(lora_record_of_f32_adapter("lora_linear " + storage + " with an f32 adapter", w));
  }
}

}  // namespace temper::conformance
