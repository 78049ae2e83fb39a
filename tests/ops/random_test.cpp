#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "base/philox.h"
#include "conformance/record.h"
#include "device/transfer.h"
#include "ops/dropout.h"
#include "ops/sample.h"

namespace temper::conformance {
namespace {

TEST(Dropout, KeepsTheShareItShould) {
  Context ctx(open_backend({}));
  const int64_t n = 20000;
  const auto y = read<float>(ctx, dropout(ctx, upload(ctx, std::vector<float>(n, 1.0f), {n}), 0.3f));
  const auto kept = static_cast<double>(n - std::ranges::count(y, 0.0f));
  EXPECT_NEAR(kept / n, 0.7, frequency_tolerance(0.7, n));
}

TEST(Dropout, ANewSiteStepOrSeedDrawsAnotherMask) {
  Context ctx(open_backend({}));
  const Tensor x = upload(ctx, std::vector<float>(64, 1.0f), {64});
  std::vector<std::vector<float>> masks;
  for (const auto& [seed, step] : {std::pair<uint64_t, uint64_t>(1, 1), {1, 2}, {2, 1}}) {
    ctx.begin_step(seed, step);
    for (int site = 0; site < 2; ++site) masks.push_back(read<float>(ctx, dropout(ctx, x, 0.5f)));
  }
  for (size_t i = 0; i < masks.size(); ++i)
    for (size_t j = 0; j < i; ++j) EXPECT_NE(masks[i], masks[j]);
  ctx.begin_step(1, 1);
  EXPECT_EQ(read<float>(ctx, dropout(ctx, x, 0.5f)), masks[0]);
}

TEST(Dropout, ProbabilityZeroReturnsTheTensorAndOneIsAnError) {
  Context ctx(open_backend({}));
  const Tensor x = upload(ctx, std::vector<float>{1}, {1});
  EXPECT_EQ(dropout(ctx, x, 0.0f).buffer(), x.buffer());
  for (const float p : {1.0f, -0.1f, NAN}) EXPECT_THROW(dropout(ctx, x, p), Error);
}

TEST(Sample, FrequenciesAreTheProbabilities) {
  Context ctx(open_backend({}));
  const std::vector<float> logits = {0.0f, 1.0f, -1.0f, 2.0f};
  const int64_t rows = 8000;
  std::vector<float> all;
  for (int64_t i = 0; i < rows; ++i) all.insert(all.end(), logits.begin(), logits.end());
  const auto tokens = read<int32_t>(ctx, sample(ctx, upload(ctx, all, {rows, 4}), SampleAttrs{.temperature = 0.5f}));
  double total = 0;
  for (const float logit : logits) total += std::exp(2.0 * double{logit});
  for (int32_t token = 0; token < 4; ++token) {
    const double probability = std::exp(2.0 * double{logits[static_cast<size_t>(token)]}) / total;
    const auto share = static_cast<double>(std::ranges::count(tokens, token)) / static_cast<double>(rows);
    EXPECT_NEAR(share, probability, frequency_tolerance(probability, static_cast<double>(rows))) << token;
  }
}

/// Every filter written out: all tokens sorted, then cut and drawn in f64.
int32_t drawn_by_sorting(const std::vector<float>& logits, const SampleAttrs& attrs, float uniform) {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater(), [&](int32_t token) { return logits[static_cast<size_t>(token)]; });
  std::vector<double> weights;
  for (const int32_t token : order)
    weights.push_back(std::exp(double{logits[static_cast<size_t>(token)] - logits[static_cast<size_t>(order[0])]} /
                               double{attrs.temperature}));
  if (attrs.top_k > 0) weights.resize(std::min(weights.size(), static_cast<size_t>(attrs.top_k)));
  const auto cut_at = [&](double target) {
    double sum = 0;
    size_t kept = 0;
    while (kept < weights.size() && sum < target) sum += weights[kept++];
    weights.resize(kept);
  };
  if (attrs.top_p < 1) cut_at(double{attrs.top_p} * std::accumulate(weights.begin(), weights.end(), 0.0));
  std::erase_if(weights, [&](double weight) { return weight < double{attrs.min_p}; });
  double target = double{uniform} * std::accumulate(weights.begin(), weights.end(), 0.0);
  size_t drawn = 0;
  while (drawn + 1 < weights.size() && target >= weights[drawn]) target -= weights[drawn++];
  return order[drawn];
}

TEST(Sample, LargeVocabulariesAreDrawnFromAsBySorting) {
  Context ctx(open_backend({}));
  std::minstd_rand bits(7);
  std::normal_distribution<float> normal;
  int differ = 0, draws = 0;
  for (const int64_t columns : {1, 2, 100, 5000, 32000})
    for (const float spread : {0.0f, 0.5f, 3.0f, 40.0f})
      for (const SampleAttrs& attrs :
           {SampleAttrs{.temperature = 1.0f}, SampleAttrs{.temperature = 0.3f, .top_p = 0.9f},
            SampleAttrs{.temperature = 2.0f, .top_k = 40, .top_p = 0.95f},
            SampleAttrs{.temperature = 1.0f, .min_p = 0.05f}, SampleAttrs{.temperature = 1e9f, .top_k = 3},
            SampleAttrs{.temperature = 1.0f, .top_k = 7, .top_p = 0.5f, .min_p = 0.2f}}) {
        std::vector<float> logits(static_cast<size_t>(columns));
        for (float& logit : logits) logit = spread * normal(bits);
        logits[static_cast<size_t>(columns) / 2] = -INFINITY;
        if (columns == 1) logits[0] = 1.0f;
        const uint64_t step = static_cast<uint64_t>(++draws);
        ctx.begin_step(3, step);
        const auto token = read<int32_t>(ctx, sample(ctx, upload(ctx, logits, {1, columns}), attrs));
        const float uniform = RngKey{3, static_cast<uint32_t>(step), 0}.uniform(0);
        differ += token[0] != drawn_by_sorting(logits, attrs, uniform);
      }
  // Where the draw falls within the rounding of a boundary, either token is right: none of these does.
  EXPECT_EQ(differ, 0) << "of " << draws;
}

TEST(Sample, RowsWithoutAFiniteLogitAndBadParametersAreNumericErrors) {
  Context ctx(open_backend({}));
  const auto code = [&](std::vector<float> logits, std::vector<float> params) {
    try {
      read<int32_t>(ctx, sample(ctx, upload(ctx, logits, {1, 2}), upload(ctx, params, {1, 4})));
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code({-INFINITY, -INFINITY}, {1, 0, 1, 0}), ErrorCode::numeric);
  EXPECT_EQ(code({NAN, 0}, {0, 0, 1, 0}), ErrorCode::numeric);
  EXPECT_EQ(code({INFINITY, 0}, {1, 0, 1, 0}), ErrorCode::numeric);
  EXPECT_EQ(code({1, 0}, {-1, 0, 1, 0}), ErrorCode::numeric);
  EXPECT_EQ(code({1, 0}, {1, 0, 0, 0}), ErrorCode::numeric);
  EXPECT_THROW(sample(ctx, upload(ctx, std::vector<float>{1, 2}, {1, 2}), SampleAttrs{.top_p = 0.0f}), Error);
}

TEST(RepetitionPenalty, ATokenPastTheVocabularyIsANumericError) {
  Context ctx(open_backend({}));
  const Tensor logits = upload(ctx, std::vector<float>{1, 2}, {1, 2});
  const Tensor y = repetition_penalty(ctx, logits, upload(ctx, std::vector<int32_t>{2}, {1, 1}), 2.0f);
  EXPECT_THROW(read<float>(ctx, y), Error);
  EXPECT_THROW(repetition_penalty(ctx, logits, upload(ctx, std::vector<int32_t>{1}, {1, 1}), 0.0f), Error);
}

}  // namespace
}  // namespace temper::conformance
