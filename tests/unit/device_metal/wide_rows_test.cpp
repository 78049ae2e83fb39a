// Rows wide enough for several SIMD-groups and for several elements a thread, against the CPU backend: what the op
// suite's small shapes leave out. Every kernel that works row by row is here.
#include <algorithm>
#include <limits>
#include <random>

#include "conformance/stored_weight.h"
#include "like_cpu.h"
#include "ops/argmax.h"
#include "ops/layer_norm.h"
#include "ops/linear_cross_entropy.h"
#include "ops/reduce.h"
#include "ops/rms_norm.h"
#include "ops/sample.h"
#include "ops/softmax.h"
#include "ops/top_k.h"

namespace temper {
namespace {

using testing::cpu_backend;
using testing::error_of;
using testing::expect_like_cpu;
using testing::grid_values;
using testing::own_backend;
using testing::with_gradients;

constexpr int64_t kRows = 3;

class MetalWideRows : public ::testing::TestWithParam<int64_t> {};

/// [-2, 2) in an order that a seed gives, no two values of a row alike: the largest lies anywhere.
Tensor distinct_values(Context& ctx, int64_t columns, unsigned seed) {
  std::vector<float> values;
  std::mt19937 bits(seed);
  for (int64_t row = 0; row < kRows; ++row) {
    std::vector<float> one(static_cast<size_t>(columns));
    for (size_t i = 0; i < one.size(); ++i) one[i] = 4.0f * static_cast<float>(i) / static_cast<float>(columns) - 2.0f;
    std::ranges::shuffle(one, bits);
    values.insert(values.end(), one.begin(), one.end());
  }
  return upload(ctx, values, {kRows, columns});
}

TEST_P(MetalWideRows, SoftmaxAndItsLogarithm) {
  const int64_t columns = GetParam();
  for (const bool logarithm : {false, true})
    expect_like_cpu(DType::f32, columns, [&](Context& ctx) {
      return with_gradients(
          ctx, {grid_values(ctx, DType::f32, {kRows, columns}, 1)},
          [&](const std::vector<Tensor>& in) { return logarithm ? log_softmax(ctx, in[0]) : softmax(ctx, in[0]); });
    });
}

TEST_P(MetalWideRows, Norms) {
  const int64_t columns = GetParam();
  expect_like_cpu(DType::f32, columns, [&](Context& ctx) {
    return with_gradients(
        ctx, {grid_values(ctx, DType::f32, {kRows, columns}, 1), grid_values(ctx, DType::f32, {columns}, 2)},
        [&](const std::vector<Tensor>& in) { return rms_norm(ctx, in[0], in[1]); });
  });
  expect_like_cpu(DType::f32, columns, [&](Context& ctx) {
    return with_gradients(ctx,
                          {grid_values(ctx, DType::f32, {kRows, columns}, 1),
                           grid_values(ctx, DType::f32, {columns}, 2), grid_values(ctx, DType::f32, {columns}, 3)},
                          [&](const std::vector<Tensor>& in) { return layer_norm(ctx, in[0], in[1], in[2]); });
  });
}

TEST_P(MetalWideRows, SumsAndMaxima) {
  const int64_t columns = GetParam();
  for (const unsigned seed : {1u, 2u, 3u, 4u})
    expect_like_cpu(DType::f32, columns, [&](Context& ctx) -> std::vector<Tensor> {
      const Tensor x = distinct_values(ctx, columns, seed);
      return {sum(ctx, x, {-1}), max(ctx, x, {-1}), max(ctx, x, {0}), sum_all(ctx, x)};
    });
}

TEST_P(MetalWideRows, WhereTheLargestIs) {
  const int64_t columns = GetParam();
  for (const unsigned seed : {1u, 2u, 3u, 4u})
    expect_like_cpu(DType::f32, 1, [&](Context& ctx) -> std::vector<Tensor> {
      const Tensor x = distinct_values(ctx, columns, seed);
      const TopK few = top_k(ctx, x, 5), many = top_k(ctx, x, std::min<int64_t>(20, columns));
      return {argmax(ctx, x), few.values, few.indices, many.values, many.indices};
    });
}

TEST_P(MetalWideRows, DrawnTokens) {
  const int64_t columns = GetParam();
  for (const SampleAttrs& attrs :
       {SampleAttrs{.temperature = 0.0f}, SampleAttrs{.temperature = 0.5f}, SampleAttrs{.top_k = 9},
        SampleAttrs{.temperature = 0.7f, .top_p = 0.8f}, SampleAttrs{.temperature = 0.7f, .min_p = 0.1f}})
    for (const uint64_t step : {1u, 2u, 3u})
      expect_like_cpu(DType::f32, 1, [&](Context& ctx) -> std::vector<Tensor> {
        ctx.begin_step(5, step);
        return {sample(ctx, distinct_values(ctx, columns, 7), attrs)};
      });
}

INSTANTIATE_TEST_SUITE_P(Columns, MetalWideRows, ::testing::Values(33, 100, 1000, 3000),
                         [](const auto& info) { return std::to_string(info.param); });

TEST(MetalCrossEntropy, OneTargetOutsideIsNamedWhicheverThreadsItIs) {
  Context ctx(own_backend());
  constexpr int64_t rows = 1100, vocabulary = 8;
  const WeightHandle head = stored_weight(ctx, vocabulary, 2, std::vector<double>(16, 0.5), QuantType::f32);
  const Tensor x = grid_values(ctx, DType::f32, {rows, 2}, 1);
  for (const size_t bad : {0u, 31u, 32u, 255u, 256u, 480u, 500u, 767u, 1023u, 1024u, 1099u}) {
    std::vector<int32_t> targets(rows, 1);
    targets[bad] = static_cast<int32_t>(vocabulary + static_cast<int64_t>(bad));
    const std::string message = error_of(ErrorCode::numeric, [&] {
      read<float>(ctx, linear_cross_entropy(ctx, x, head, upload(ctx, targets, {rows})));
    });
    EXPECT_NE(message.find("target " + std::to_string(targets[bad]) + " is not below"), std::string::npos) << message;
  }
}

TEST(MetalRepetitionPenalty, SmallLogitsOfBothSignsArePenalised) {
  expect_like_cpu(DType::f32, 1, [](Context& ctx) -> std::vector<Tensor> {
    const Tensor logits = upload(ctx, std::vector<float>{-0.5f, 0.5f, -0.01f, 0.0f, 2.0f, -3.0f}, {1, 6});
    return {repetition_penalty(ctx, logits, upload(ctx, std::vector<int32_t>{0, 1, 2, 3, 4, 5}, {1, 6}), 1.5f)};
  });
}

TEST(MetalSample, EachParameterHasItsBounds) {
  Context ctx(own_backend());
  const Tensor logits = upload(ctx, std::vector<float>{1, 2}, {1, 2});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto draw = [&](std::vector<float> parameters) {
    return error_of(ErrorCode::numeric, [&] {
      read<int32_t>(ctx, sample(ctx, logits, upload(ctx, parameters, {1, 4})));
    });
  };
  EXPECT_EQ(draw({1, 0, 1, 0}), "");
  EXPECT_EQ(draw({0, 2, 0.01f, 1}), "");
  for (const std::vector<float>& bad : {std::vector<float>{-0.5f, 0, 1, 0},
                                        {nan, 0, 1, 0},
                                        {1, -0.5f, 1, 0},
                                        {1, nan, 1, 0},
                                        {1, 0, 0, 0},
                                        {1, 0, -0.5f, 0},
                                        {1, 0, 1.5f, 0},
                                        {1, 0, nan, 0},
                                        {1, 0, 1, -0.5f},
                                        {1, 0, 1, 1.5f},
                                        {1, 0, 1, nan}})
    EXPECT_NE(draw(bad), "") << bad[0] << ' ' << bad[1] << ' ' << bad[2] << ' ' << bad[3];
}

}  // namespace
}  // namespace temper
