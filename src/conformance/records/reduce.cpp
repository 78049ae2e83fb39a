#include "ops/reduce.h"

#include <cmath>

#include "conformance/record.h"

namespace temper::conformance {
namespace {

/// Reduces x seen as [outer, middle, inner] over the middle.
Array reduce_middle(const Array& x, const Shape& result, int64_t middle, int64_t inner, bool is_max) {
  Array y = filled(result, is_max ? -INFINITY : 0.0);
  for (int64_t i = 0; i < x.elements(); ++i) {
    double& slot = y[i / (middle * inner) * inner + i % inner];
    slot = is_max ? (std::isnan(x[i]) || x[i] > slot ? x[i] : slot) : slot + x[i];
  }
  return y;
}

}  // namespace

void register_reduce(std::vector<OpRecord>& records) {
  const std::vector<Sample> samples = {{"odd", {uniform({3, 5, 7}, 1)}},
                                       {"one element", {array({1, 1, 1}, {2.5})}},
                                       {"nothing to reduce over", {uniform({3, 5, 0}, 1)}, false},
                                       {"no rows", {uniform({0, 5, 7}, 1)}, false},
                                       {"several slices", {uniform({300, 5, 60}, 1)}, false},
                                       {"infinite", {array({1, 2, 2}, {-INFINITY, -INFINITY, 6e4, -INFINITY})}, false}};
  records.push_back({
      .name = "sum last",
      .samples = samples,
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> { return {sum(ctx, in[0], {-1})}; },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Shape shape = in[0].shape;
        shape.set(-1, 1);
        return {reduce_middle(in[0], shape, in[0].shape[-1], 1, false)};
      },
      .differentiable = {0},
      .accuracy = Accuracy::reduction,
  });
  records.push_back({
      .name = "sum middle",
      .samples = samples,
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> { return {sum(ctx, in[0], {1})}; },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Shape shape = in[0].shape;
        shape.set(1, 1);
        return {reduce_middle(in[0], shape, in[0].shape[1], in[0].shape[2], false)};
      },
      .differentiable = {0},
      .accuracy = Accuracy::reduction,
  });
  records.push_back({
      .name = "sum all",
      .samples = {samples[0], samples[1], samples[2], {"positive", {uniform({4, 70}, 3, 0, 1)}}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> { return {sum_all(ctx, in[0])}; },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        return {reduce_middle(in[0], {}, std::max<int64_t>(1, in[0].elements()), 1, false)};
      },
      .differentiable = {0},
      .accuracy = Accuracy::reduction,
  });
  records.push_back({
      .name = "max last",
      .samples = {samples[0], samples[1], samples[2], samples[5], {"NaN", {array({1, 3}, {1, NAN, 2})}, false}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> { return {max(ctx, in[0], {-1})}; },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Shape shape = in[0].shape;
        shape.set(-1, 1);
        return {reduce_middle(in[0], shape, in[0].shape[-1], 1, true)};
      },
      .accuracy = Accuracy::exact,
  });
}

}  // namespace temper::conformance
