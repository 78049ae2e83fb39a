#include "ops/linear_cross_entropy.h"

#include <cmath>

#include "autograd/tape.h"
#include "conformance/samples.h"
#include "device/transfer.h"

namespace temper::conformance {
namespace {

/// {sum, rows}.
std::vector<Array> losses(const std::vector<Array>& in, const Array& head, double smoothing) {
  const int64_t n = in[0].shape[0], d = in[0].shape[1], vocabulary = head.shape[0];
  Array rows = filled({n}, 0.0), sum = filled({}, 0.0);
  for (int64_t i = 0; i < n; ++i) {
    const auto target = static_cast<int64_t>(in[1][i]);
    if (target < 0) continue;
    std::vector<double> logits(static_cast<size_t>(vocabulary), 0.0);
    double top = -INFINITY, total = 0.0, mean = 0.0;
    for (int64_t v = 0; v < vocabulary; ++v) {
      double& logit = logits[static_cast<size_t>(v)];
      for (int64_t k = 0; k < d; ++k) logit += in[0][i * d + k] * head[v * d + k];
      top = std::max(top, logit);
      mean += logit / static_cast<double>(vocabulary);
    }
    for (const double logit : logits) total += std::exp(logit - top);
    const double expected = (1.0 - smoothing) * logits[static_cast<size_t>(target)] + smoothing * mean;
    rows[i] = top + std::log(total) - expected;
    sum[0] += rows[i];
  }
  return {sum, rows};
}

/// n targets below the vocabulary; every third is ignored when `gaps`.
Array targets(int64_t n, int64_t vocabulary, bool gaps) {
  Array result = ids({n}, std::vector<double>(static_cast<size_t>(n)));
  for (int64_t i = 0; i < n; ++i) result[i] = gaps && i % 3 == 1 ? -100.0 : double(i * 31 % vocabulary);
  return result;
}

/// One record of the sum, which has a gradient, and one of the rows, which have none.
void add_loss_records(std::vector<OpRecord>& records, const std::string& name, int64_t vocabulary,
                      const std::vector<Sample>& samples, float smoothing, QuantType type) {
  const Array head = weight_values(vocabulary, 32, 55);
  records.push_back({
      .name = name,
      .samples = samples,
      .run = [=](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {linear_cross_entropy(ctx, in[0], stored(ctx, head, type), in[1], {.label_smoothing = smoothing})};
      },
      .reference = [=](const std::vector<Array>& in) -> std::vector<Array> {
        return {losses(in, head, double{smoothing})[0]};
      },
      .differentiable = {0},
      .accuracy = Accuracy::product,
  });
  records.push_back({
      .name = name + " by row",
      .samples = samples,
      .run = [=](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {linear_cross_entropy_rows(ctx, in[0], stored(ctx, head, type), in[1], {.label_smoothing = smoothing})};
      },
      .reference = [=](const std::vector<Array>& in) -> std::vector<Array> {
        return {losses(in, head, double{smoothing})[1]};
      },
      .accuracy = Accuracy::product,
  });
}

}  // namespace

void register_linear_cross_entropy(std::vector<OpRecord>& records) {
  const auto samples = [](int64_t vocabulary) -> std::vector<Sample> {
    return {{"rows", {uniform({5, 32}, 1), targets(5, vocabulary, false)}},
            {"ignored rows", {uniform({7, 32}, 2), targets(7, vocabulary, true)}},
            {"all ignored", {uniform({2, 32}, 3), ids({2}, {-1, -100})}, false},
            {"no rows", {uniform({0, 32}, 4), ids({0}, {})}, false}};
  };
  add_loss_records(records, "linear_cross_entropy", 11, samples(11), 0.0f, QuantType::f32);
  add_loss_records(records, "linear_cross_entropy smoothed", 11, samples(11), 0.1f, QuantType::f32);
  add_loss_records(records, "linear_cross_entropy bf16 head", 11, samples(11), 0.1f, QuantType::bf16);
  add_loss_records(records, "linear_cross_entropy q8_0 head", 11, samples(11), 0.1f, QuantType::q8_0);
  // Several blocks of rows and of the vocabulary, and parts of it that are joined.
  add_loss_records(records, "linear_cross_entropy blocks", 9000,
                   {{"few rows", {uniform({3, 32}, 5), targets(3, 9000, false)}, false}}, 0.1f, QuantType::bf16);
  for (const QuantType type : {QuantType::bf16, QuantType::q8_0})
    add_loss_records(records, "linear_cross_entropy many rows " + std::string(name_of(type)), 600,
                     {{"many rows", {uniform({600, 32}, 7), targets(600, 600, true)}, false}}, 0.1f, type);
  add_loss_records(records, "linear_cross_entropy many rows", 600,
                   {{"many rows", {uniform({300, 32}, 6), targets(300, 600, true)}, false}}, 0.1f, QuantType::f32);
}

}  // namespace temper::conformance
