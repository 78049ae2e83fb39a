// dropout, sample, repetition_penalty.
#include <algorithm>
#include <cmath>

#include "base/philox.h"
#include "conformance/record.h"
#include "device/transfer.h"
#include "ops/dropout.h"
#include "ops/sample.h"

namespace temper::conformance {
namespace {

constexpr uint64_t kSeed = 0x123456789ab, kStep = 5;

/// The filters as probabilities: each step sorts and renormalises what is left.
int64_t sample_reference(std::vector<double> logits, const double* params, double u) {
  struct Token {
    int64_t id;
    double logit, p;
  };
  std::vector<Token> tokens;
  for (size_t i = 0; i < logits.size(); ++i) tokens.push_back({static_cast<int64_t>(i), logits[i], 0});
  std::ranges::stable_sort(tokens, [](const Token& a, const Token& b) { return a.logit > b.logit; });
  if (params[0] == 0) return tokens[0].id;
  const auto renormalise = [&] {
    double total = 0;
    for (Token& token : tokens) total += token.p = std::exp((token.logit - tokens[0].logit) / params[0]);
    for (Token& token : tokens) token.p /= total;
  };
  if (params[1] >= 1 && params[1] < static_cast<double>(tokens.size())) tokens.resize(static_cast<size_t>(params[1]));
  renormalise();
  if (params[2] < 1) {
    double sum = 0;
    size_t kept = 0;
    while (kept < tokens.size() && sum < params[2]) sum += tokens[kept++].p;
    tokens.resize(kept);
    renormalise();
  }
  std::erase_if(tokens, [&, best = tokens[0].p](const Token& token) { return token.p < params[3] * best; });
  renormalise();
  double sum = 0;
  for (const Token& token : tokens)
    if (sum += token.p; u < sum) return token.id;
  return tokens.back().id;
}

Array fixed_f32(Array x) {
  x.dtype = DType::f32;
  return x;
}

std::vector<double> repeated(const std::vector<double>& row, int times) {
  std::vector<double> values;
  for (int i = 0; i < times; ++i) values.insert(values.end(), row.begin(), row.end());
  return values;
}

}  // namespace

void register_random(std::vector<OpRecord>& records) {
  records.push_back({
      .name = "dropout",
      .samples = {{"odd", {uniform({3, 5, 7}, 1)}},
                  {"one element", {array({}, {2})}},
                  {"empty", {uniform({0}, 1)}, false},
                  {"several slices", {uniform({17003}, 1)}, false}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        ctx.begin_step(kSeed, kStep);
        ctx.set_rng_site(3);
        return {dropout(ctx, in[0], 0.25f)};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Array y = in[0];
        const RngKey key{kSeed, kStep, 3};
        for (int64_t i = 0; i < y.elements(); ++i)
          y[i] = key.uniform(static_cast<uint64_t>(i)) < 0.25f ? 0.0 : y[i] / 0.75;
        return {y};
      },
      .differentiable = {0},
      .accuracy = Accuracy::rounded,
  });
  const int rows = 12;
  const auto params = [&](const std::vector<double>& row) { return fixed_f32(array({rows, 4}, repeated(row, rows))); };
  records.push_back({
      .name = "sample",
      .samples = {{"plain", {uniform({rows, 9}, 1), params({1, 0, 1, 0})}},
                  {"greedy", {uniform({rows, 9}, 1), params({0, 0, 1, 0})}},
                  {"hot", {uniform({rows, 9}, 2), params({3, 0, 1, 0})}},
                  {"top-k", {uniform({rows, 9}, 3, -1, 1), params({1, 3, 1, 0})}},
                  {"top-p", {uniform({rows, 9}, 4, -1, 1), params({1, 0, 0.5, 0})}},
                  {"min-p", {uniform({rows, 9}, 5, -1, 1), params({1, 0, 1, 0.4})}},
                  {"all filters", {uniform({rows, 300}, 6), params({1.5, 200, 0.8, 0.1})}},
                  {"ties", {filled({rows, 5}, 1), params({1, 2, 1, 0})}},
                  {"one token", {filled({rows, 1}, 1), params({1, 0, 0.5, 1})}},
                  {"masked", {array({rows, 3}, repeated({-INFINITY, 2, 2}, rows)), params({1, 0, 1, 0})}},
                  {"no rows", {uniform({0, 4}, 1), fixed_f32(uniform({0, 4}, 1))}}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        ctx.begin_step(kSeed, kStep);
        return {sample(ctx, in[0], in[1])};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        const RngKey key{kSeed, kStep, 0};
        Array y{{in[0].shape[0]}, {}};
        const auto columns = static_cast<std::ptrdiff_t>(in[0].shape[1]);
        for (int64_t r = 0; r < in[0].shape[0]; ++r) {
          const auto begin = in[0].values.begin() + r * columns;
          y.values.push_back(
              static_cast<double>(sample_reference({begin, begin + columns}, &in[1].values[4 * static_cast<size_t>(r)],
                                                   double{key.uniform(static_cast<uint64_t>(r))})));
        }
        return {y};
      },
      .accuracy = Accuracy::exact,
  });
  records.push_back({
      .name = "repetition_penalty",
      .samples = {{"odd", {uniform({3, 7}, 1), ids({3, 4}, {0, 1, 1, -1, 6, 5, 4, 3, -1, -1, -1, -1})}},
                  {"no history", {uniform({3, 7}, 1), ids({3, 0}, {})}},
                  {"masked", {array({1, 2}, {-INFINITY, 0}), ids({1, 2}, {0, 1})}}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {repetition_penalty(ctx, in[0], in[1], 1.5f)};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Array y = in[0];
        const int64_t length = in[1].shape[1];
        for (int64_t r = 0; r < in[0].shape[0]; ++r)
          for (int64_t i = 0; i < length; ++i) {
            const auto token = static_cast<int64_t>(in[1][r * length + i]);
            if (token < 0) continue;
            const int64_t at = r * in[0].shape[1] + token;
            y[at] = in[0][at] > 0 ? in[0][at] / 1.5 : in[0][at] * 1.5;
          }
        return {y};
      },
      .accuracy = Accuracy::rounded,
  });
}

}  // namespace temper::conformance
