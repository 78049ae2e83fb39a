#include "ops/softmax.h"

#include <cmath>

#include "conformance/record.h"
#include "device/transfer.h"

namespace temper::conformance {
namespace {

Array softmax_reference(const Array& x, bool log) {
  Array y = x;
  const int64_t d = std::max<int64_t>(1, x.shape[-1]);
  for (int64_t begin = 0; begin < x.elements(); begin += d) {
    double top = -INFINITY, total = 0;
    for (int64_t i = 0; i < d; ++i) top = std::max(top, x[begin + i]);
    if (top == -INFINITY) {
      for (int64_t i = 0; i < d; ++i) y[begin + i] = log ? -INFINITY : 0;
      continue;
    }
    for (int64_t i = 0; i < d; ++i) total += std::exp(x[begin + i] - top);
    for (int64_t i = 0; i < d; ++i)
      y[begin + i] = log ? x[begin + i] - top - std::log(total) : std::exp(x[begin + i] - top) / total;
  }
  return y;
}

}  // namespace

void register_softmax(std::vector<OpRecord>& records) {
  const std::vector<Sample> samples = {
      {"odd", {uniform({3, 5, 7}, 1)}},
      {"one element", {array({1}, {4})}},
      {"empty rows", {uniform({3, 0}, 1)}, false},
      {"no rows", {uniform({0, 3}, 1)}, false},
      {"several slices", {uniform({300, 70}, 1)}, false},
      {"large", {array({2, 3}, {6e4, 5.9e4, -6e4, -6e4, -6e4, -6e4})}, false},
      {"masked", {array({3, 3}, {-INFINITY, 1, 2, -INFINITY, -INFINITY, -INFINITY, 1, -INFINITY, -INFINITY})}, false}};
  for (const bool log : {false, true})
    records.push_back({
        .name = log ? "log_softmax" : "softmax",
        .samples = samples,
        .run = [log](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {log ? log_softmax(ctx, in[0]) : softmax(ctx, in[0])};
        },
        .reference = [log](const std::vector<Array>& in) -> std::vector<Array> {
          return {softmax_reference(in[0], log)};
        },
        .differentiable = {0},
        .accuracy = Accuracy::normalised,
    });
}

}  // namespace temper::conformance
