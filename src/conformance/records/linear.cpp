// linear, linear_transposed, dequantize_weight, embedding, with weights of every kind of storage.
#include "ops/linear.h"

#include "autograd/tape.h"
#include "conformance/samples.h"
#include "device/transfer.h"
#include "ops/dequantize_weight.h"
#include "ops/embedding.h"

namespace temper::conformance {
namespace {

constexpr QuantType kStorage[] = {QuantType::f32, QuantType::f16, QuantType::bf16, QuantType::q8_0};

/// x [.., k] times W, or W transposed.
Array multiply(const Array& x, const Array& w, bool transpose_w) {
  const int64_t k = x.shape[-1], n = w.shape[transpose_w ? 0 : 1], rows = x.elements() / k;
  Array y{x.shape, {}};
  y.shape.set(-1, n);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0.0;
      for (int64_t l = 0; l < k; ++l) sum += x[i * k + l] * (transpose_w ? w[j * k + l] : w[l * n + j]);
      y.values.push_back(sum);
    }
  return y;
}

}  // namespace

void register_linear(std::vector<OpRecord>& records) {
  for (const QuantType type : kStorage) {
    const Array w = weight_values(7, 32, 77);
    const std::string storage(name_of(type));
    const auto samples = [](int64_t k) -> std::vector<Sample> {
      return {{"one row", {uniform({1, k}, 1)}},          {"three rows", {uniform({3, k}, 2)}},
              {"vector", {uniform({k}, 3)}, false},       {"eight rows", {uniform({2, 4, k}, 4)}, false},
              {"nine rows", {uniform({9, k}, 5)}, false}, {"forty rows", {uniform({40, k}, 6)}, false}};
    };
    records.push_back({
        .name = "linear " + storage,
        .samples = samples(32),
        .run = [=](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {linear(ctx, in[0], stored(ctx, w, type))};
        },
        .reference = [=](const std::vector<Array>& in) -> std::vector<Array> { return {multiply(in[0], w, true)}; },
        .differentiable = {0},
        .accuracy = Accuracy::product,
    });
    records.push_back({
        .name = "linear_transposed " + storage,
        .samples = samples(7),
        .run = [=](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {linear_transposed(ctx, in[0], stored(ctx, w, type))};
        },
        .reference = [=](const std::vector<Array>& in) -> std::vector<Array> { return {multiply(in[0], w, false)}; },
        .differentiable = {0},
        .accuracy = Accuracy::product,
    });
    // The weight's type decides the result's here, so the sample has no input of that type.
    records.push_back({
        .name = "embedding " + storage,
        .samples = {{"rows", {ids({4}, {3, 0, 3, 6})}, false}, {"none", {ids({0}, {})}, false}},
        .dtypes = {DType::f32},
        .run = [=](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          const WeightHandle table = stored(ctx, w, type);
          return {embedding(ctx, table, in[0], DType::f32), embedding(ctx, table, in[0], DType::bf16),
                  embedding(ctx, table, in[0], DType::f16), embedding(ctx, table, in[0], DType::f64)};
        },
        .reference = [=](const std::vector<Array>& in) -> std::vector<Array> {
          Array rows{{in[0].elements(), 32}, {}};
          for (const double id : in[0].values)
            for (int64_t c = 0; c < 32; ++c) rows.values.push_back(w[static_cast<int64_t>(id) * 32 + c]);
          return {rows, rows, rows, rows};
        },
        .accuracy = Accuracy::exact,
    });
    records.push_back({
        .name = "dequantize_weight " + storage,
        .samples = {{"all", {}, false}},
        .dtypes = {DType::f32},
        .run = [=](Context& ctx, const std::vector<Tensor>&) -> std::vector<Tensor> {
          const WeightHandle weight = stored(ctx, w, type);
          return {dequantize_weight(ctx, weight, DType::f32), dequantize_weight(ctx, weight, DType::f16),
                  dequantize_weight(ctx, weight, DType::bf16), dequantize_weight(ctx, weight, DType::f64)};
        },
        .reference = [=](const std::vector<Array>&) -> std::vector<Array> {
          return {w, w, w, w};
        },
        .accuracy = Accuracy::exact,
    });
  }
}

}  // namespace temper::conformance
