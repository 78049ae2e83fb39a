// rope and swiglu.
#include "ops/rope.h"

#include <cmath>

#include "conformance/samples.h"
#include "device/transfer.h"
#include "ops/swiglu.h"

namespace temper::conformance {
namespace {

Array rotate(const std::vector<Array>& in, const RopeAttrs& attrs) {
  const int64_t tokens = in[0].shape[0], heads = in[0].shape[1], half = in[0].shape[2] / 2;
  Array y = in[0];
  for (int64_t n = 0; n < tokens; ++n)
    for (int64_t i = 0; i < half; ++i) {
      // The op rounds the angle to f32, as Transformers does.
      const double angle = double{static_cast<float>(in[1][n]) * static_cast<float>(in[2][i])};
      const double c = std::cos(angle) * double{attrs.attention_scale};
      const double s = std::sin(angle) * double{attrs.attention_scale} * (attrs.inverse ? -1.0 : 1.0);
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t at = (n * heads + h) * 2 * half + i;
        y[at] = in[0][at] * c - in[0][at + half] * s;
        y[at + half] = in[0][at + half] * c + in[0][at] * s;
      }
    }
  return y;
}

}  // namespace

void register_rope(std::vector<OpRecord>& records) {
  const auto samples = [] {
    return std::vector<Sample>{
        {"positions", {uniform({4, 3, 8}, 1), ids({4}, {0, 1, 5, 300}), inverse_frequencies(4)}},
        {"many tokens",
         {uniform({130, 9, 64}, 2), ids({130}, std::vector<double>(130, 77)), inverse_frequencies(32)},
         false},
        {"none", {uniform({0, 2, 4}, 3), ids({0}, {}), inverse_frequencies(2)}, false}};
  };
  for (const RopeAttrs attrs : {RopeAttrs{}, RopeAttrs{.inverse = true}, RopeAttrs{.attention_scale = 1.25f}})
    records.push_back({
        .name = attrs.inverse                   ? "rope inverse"
                : attrs.attention_scale == 1.0f ? "rope"
                                                : "rope scaled",
        .samples = samples(),
        .run = [=](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {rope(ctx, in[0], in[1], in[2], attrs)};
        },
        .reference = [=](const std::vector<Array>& in) -> std::vector<Array> { return {rotate(in, attrs)}; },
        .differentiable = {0},
        .accuracy = Accuracy::elementary,
    });
  const auto swiglu_record = [](std::string name, std::vector<size_t> differentiable) -> OpRecord {
    return {
        .name = std::move(name),
        .samples = {{"rows", {uniform({3, 11}, 1, -6, 6), uniform({3, 11}, 2)}},
                    {"several tiles", {uniform({5, 3001}, 3, -6, 6), uniform({5, 3001}, 4)}, false},
                    {"saturated", {array({4}, {-200, 200, -1e4, 80}), array({4}, {1, 2, 3, -1})}, false},
                    {"not finite", {array({3}, {NAN, INFINITY, 1}), array({3}, {1, 2, NAN})}, false},
                    {"empty", {uniform({0, 3}, 5), uniform({0, 3}, 6)}, false}},
        .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {swiglu(ctx, in[0], in[1])};
        },
        .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
          Array y = in[0];
          for (int64_t i = 0; i < y.elements(); ++i) y[i] = in[0][i] / (1.0 + std::exp(-in[0][i])) * in[1][i];
          return {y};
        },
        .differentiable = std::move(differentiable),
        .accuracy = Accuracy::elementary,
    };
  };
  records.push_back(swiglu_record("swiglu", {0, 1}));
  records.push_back(swiglu_record("swiglu of a frozen gate", {1}));
  records.push_back(swiglu_record("swiglu of a frozen factor", {0}));
}

}  // namespace temper::conformance
