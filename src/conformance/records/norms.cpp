// rms_norm, layer_norm, sum_of_squares, clip_scale.
#include "ops/norm.h"

#include <cmath>

#include "conformance/record.h"
#include "ops/layer_norm.h"
#include "ops/rms_norm.h"

namespace temper::conformance {
namespace {

constexpr double kNormEps = 1e-3;

/// y = (x - mean) / sqrt(mean((x - mean)^2) + eps) * weight + bias; without centring the mean is 0.
Array normalised(const Array& x, const Array& weight, const Array* bias, bool centred) {
  const int64_t d = weight.elements();
  Array y = x;
  for (int64_t begin = 0; begin < x.elements(); begin += d) {
    double mean = 0, square = 0;
    for (int64_t i = 0; i < d; ++i) mean += centred ? x[begin + i] / static_cast<double>(d) : 0.0;
    for (int64_t i = 0; i < d; ++i) square += std::pow(x[begin + i] - mean, 2) / static_cast<double>(d);
    for (int64_t i = 0; i < d; ++i)
      y[begin + i] = (x[begin + i] - mean) / std::sqrt(square + double{static_cast<float>(kNormEps)}) * weight[i] +
                     (bias ? (*bias)[i] : 0.0);
  }
  return y;
}

}  // namespace

void register_norms(std::vector<OpRecord>& records) {
  const auto sample = [](std::string name, const Shape& shape, bool smooth, bool bias) -> Sample {
    std::vector<Array> inputs = {uniform(shape, 1), uniform({shape[-1]}, 2, 0.5, 1.5)};
    if (bias) inputs.push_back(uniform({shape[-1]}, 3));
    return {std::move(name), inputs, smooth};
  };
  const auto samples = [&](bool bias) -> std::vector<Sample> {
    Sample f32_weight = sample("f32 weight", {2, 9}, true, bias);
    for (size_t i = 1; i < f32_weight.inputs.size(); ++i) f32_weight.inputs[i].dtype = DType::f32;
    Sample large = sample("large", {2, 5}, false, bias);
    for (double& value : large.inputs[0].values) value *= 20000;
    return {sample("odd", {3, 5, 7}, true, bias),
            sample("one column", {5, 1}, false, bias),  // of {4, 1} the weight's gradient cancels to 6e-4
            sample("no rows", {0, 5}, false, bias),
            sample("several blocks of rows", {150, 9}, false, bias),
            sample("wide", {2, 130}, true, bias),
            f32_weight,
            large};
  };
  records.push_back({
      .name = "rms_norm",
      .samples = samples(false),
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {rms_norm(ctx, in[0], in[1], static_cast<float>(kNormEps))};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        return {normalised(in[0], in[1], nullptr, false)};
      },
      .differentiable = {0, 1},
      .accuracy = Accuracy::normalised,
  });
  records.push_back({
      .name = "layer_norm",
      .samples = samples(true),
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {layer_norm(ctx, in[0], in[1], in[2], static_cast<float>(kNormEps))};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        return {normalised(in[0], in[1], &in[2], true)};
      },
      .differentiable = {0, 1, 2},
      .accuracy = Accuracy::normalised,
  });
  records.push_back({
      .name = "sum_of_squares",
      .samples = {{"odd", {uniform({3, 5, 7}, 1)}},
                  {"one element", {array({}, {-3})}},
                  {"empty", {uniform({0, 4}, 1)}},
                  {"several blocks", {uniform({40000}, 1)}},
                  {"infinite", {array({2}, {-INFINITY, 1})}},
                  {"NaN", {array({2}, {NAN, 1})}}},
      .dtypes = {DType::f32, DType::f16, DType::bf16},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {sum_of_squares(ctx, in[0])};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Array y = filled({}, 0);
        for (const double x : in[0].values) y[0] += x * x;
        return {y};
      },
      .accuracy = Accuracy::reduction,
  });
  records.push_back({
      .name = "clip_scale",
      .samples = {{"clipped", {array({}, {25})}},
                  {"small enough", {array({}, {0.01})}},
                  {"zero", {array({}, {0})}},
                  {"NaN", {array({}, {NAN})}},
                  {"infinite", {array({}, {INFINITY})}}},
      .dtypes = {DType::f32},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {clip_scale(ctx, in[0], 0.75f)};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        const double scale = 0.75 / (std::sqrt(in[0][0]) + 1e-6);
        return {array({}, {scale > 1 ? 1 : scale})};
      },
      .accuracy = Accuracy::elementary,
  });
}

}  // namespace temper::conformance
