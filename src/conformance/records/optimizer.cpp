// adamw_, accumulate_, zero_.
#include <cmath>

#include "conformance/record.h"
#include "device/transfer.h"
#include "ops/accumulate.h"
#include "ops/adamw.h"
#include "ops/view.h"

namespace temper::conformance {
namespace {

// lr, beta1, beta2, eps, weight_decay, 1 - beta1^3, 1 - beta2^3, grad_scale
const std::vector<double> kHyper = {0.01, 0.9, 0.99, 1e-6, 0.1, 1 - 0.729, 1 - 0.970299, 0.5};

std::vector<Array> adamw_reference(const std::vector<Array>& in) {
  const Array& h = in[4];
  Array p = in[0], m = in[1], v = in[2];
  const double scale = h[7] * (in.size() > 5 ? in[5][0] : 1.0);
  for (int64_t i = 0; i < p.elements(); ++i) {
    const double g = in[3][i] * scale;
    p[i] -= h[0] * h[4] * p[i];
    m[i] = h[1] * m[i] + (1 - h[1]) * g;
    v[i] = h[2] * v[i] + (1 - h[2]) * g * g;
    p[i] -= h[0] * (m[i] / h[5]) / (std::sqrt(v[i] / h[6]) + h[3]);
  }
  return {p, m, v};
}

std::vector<Array> adamw_inputs(const Shape& shape) {
  return {uniform(shape, 1), uniform(shape, 2, -0.1, 0.1), uniform(shape, 3, 0, 0.1), uniform(shape, 4),
          array({8}, kHyper)};
}

}  // namespace

void register_optimizer(std::vector<OpRecord>& records) {
  std::vector<Sample> samples = {{"odd", adamw_inputs({3, 5})},
                                 {"one element", adamw_inputs({})},
                                 {"empty", adamw_inputs({0})},
                                 {"several slices", adamw_inputs({17000})},
                                 {"clipped", adamw_inputs({7})}};
  samples.back().inputs.push_back(array({}, {0.25}));
  records.push_back({
      .name = "adamw_",
      .samples = samples,
      .dtypes = {DType::f32},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        State p(ctx, in[0]), m(ctx, in[1]), v(ctx, in[2]);
        adamw_(ctx, p, m, v, in[3], in[4], in.size() > 5 ? in[5] : Tensor());
        return {p.tensor(), m.tensor(), v.tensor()};
      },
      .reference = adamw_reference,
      .accuracy = Accuracy::elementary,
  });
  const auto fixed = [](Array x) {
    x.dtype = DType::f32;
    return x;
  };
  records.push_back({
      .name = "accumulate_",
      .samples = {{"odd", {fixed(uniform({4, 5}, 1)), uniform({3, 5}, 2)}},
                  {"nothing", {fixed(uniform({4, 5}, 1)), uniform({0, 5}, 2)}},
                  {"several slices", {fixed(uniform({40003}, 1)), uniform({40000}, 2)}}},
      .dtypes = {DType::f32, DType::f16, DType::bf16},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        State sum(ctx, in[0]);
        accumulate_(ctx, sum, 2, in[1]);
        return {sum.tensor()};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Array y = in[0];
        for (int64_t i = 0; i < in[1].elements(); ++i) y[i + 2] += in[1][i];
        return {y};
      },
      .accuracy = Accuracy::rounded,
  });
  records.push_back({
      .name = "zero_",
      .samples = {{"odd", {uniform({3, 5}, 1)}}, {"empty", {uniform({0}, 1)}}, {"NaN", {array({2}, {NAN, 1})}}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        State state(ctx, in[0]);
        zero_(ctx, state);
        return {state.tensor()};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> { return {filled(in[0].shape, 0)}; },
      .accuracy = Accuracy::exact,
  });
}

}  // namespace temper::conformance
