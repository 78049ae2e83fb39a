// The ways through the attention kernels: several blocks of queries and of keys, few queries behind a long cache,
// groups of heads, windows that begin inside of a block, queries that see nothing.
#include <cmath>

#include "conformance/record.h"
#include "device/transfer.h"
#include "ops/attention.h"

namespace temper::conformance {
namespace {

/// Whether query q sees key k, from the op's definition.
bool query_sees(const Array& segments, int64_t q, int64_t k, const AttentionAttrs& attrs) {
  for (int64_t s = 0; s < segments.shape[0]; ++s) {
    const auto at = [&](int64_t i) { return static_cast<int64_t>(segments[4 * s + i]); };
    if (q < at(0) || q >= at(1) || k < at(2) || k >= at(3)) continue;
    const int64_t position = (at(3) - at(2)) - (at(1) - at(0)) + (q - at(0)), key = k - at(2);
    return (!attrs.causal || key <= position) && (attrs.window == 0 || position - key < attrs.window);
  }
  return false;
}

Array attend_plainly(const std::vector<Array>& in, const AttentionAttrs& attrs) {
  const int64_t queries = in[0].shape[0], heads = in[0].shape[1], d = in[0].shape[2];
  const int64_t keys = in[1].shape[0], groups = in[1].shape[1];
  Array out = filled(in[0].shape, 0.0);
  std::vector<double> scores(static_cast<size_t>(keys));
  for (int64_t q = 0; q < queries; ++q)
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t g = h / (heads / groups);
      double top = -INFINITY, total = 0.0;
      for (int64_t k = 0; k < keys; ++k) {
        double& score = scores[static_cast<size_t>(k)] = -INFINITY;
        if (!query_sees(in[3], q, k, attrs)) continue;
        score = 0.0;
        for (int64_t i = 0; i < d; ++i) score += in[0][(q * heads + h) * d + i] * in[1][(k * groups + g) * d + i];
        score *= double{attrs.scale};
        top = std::max(top, score);
      }
      for (const double score : scores) total += score == -INFINITY ? 0.0 : std::exp(score - top);
      for (int64_t k = 0; k < keys && total > 0.0; ++k) {
        const double score = scores[static_cast<size_t>(k)];
        if (score == -INFINITY) continue;
        for (int64_t i = 0; i < d; ++i)
          out[(q * heads + h) * d + i] += std::exp(score - top) / total * in[2][(k * groups + g) * d + i];
      }
    }
  return out;
}

/// q, k, v and segments, seeded.
std::vector<Array> path_inputs(int64_t queries, int64_t keys, int64_t heads, int64_t groups, int64_t d,
                               std::vector<double> segments) {
  const auto count = static_cast<int64_t>(segments.size()) / 4;
  return {uniform({queries, heads, d}, 1), uniform({keys, groups, d}, 2), uniform({keys, groups, d}, 3),
          ids({count, 4}, std::move(segments))};
}

}  // namespace

void register_attention_paths(std::vector<OpRecord>& records) {
  const std::pair<const char*, AttentionAttrs> variants[] = {
      {"attention paths", {.scale = 0.5f, .max_queries = 330, .max_keys = 700}},
      {"attention paths bidirectional", {.scale = 0.35f, .causal = false}},
      {"attention paths in a window", {.scale = 0.5f, .window = 270}},
  };
  for (const auto& [name, attrs] : variants)
    records.push_back({
        .name = name,
        .samples =
            {
                {"more queries than keys", path_inputs(8, 3, 2, 1, 5, {0, 8, 0, 3}), false},
                {"queries without keys", path_inputs(6, 2, 2, 1, 4, {0, 6, 1, 1}), false},
                {"several blocks", path_inputs(330, 330, 2, 1, 8, {0, 300, 0, 300, 300, 330, 300, 330}), false},
                {"a block behind a long cache", path_inputs(70, 600, 2, 1, 8, {0, 70, 3, 598}), false},
                {"decoding behind a long cache", path_inputs(2, 700, 3, 1, 67, {0, 1, 0, 550, 1, 2, 550, 700}), false},
                {"decoding behind uneven caches",
                 path_inputs(5, 900, 4, 2, 16, {0, 1, 0, 1, 1, 2, 1, 860, 2, 5, 860, 898}), false},
                {"decoding with many heads on one", path_inputs(1, 330, 19, 1, 130, {0, 1, 7, 329}), false},
            },
        .dtypes = {DType::f32, DType::bf16, DType::f16},
        .run = [attrs = attrs](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {attention(ctx, in[0], in[1], in[2], in[3], attrs)};
        },
        .reference = [attrs = attrs](const std::vector<Array>& in) -> std::vector<Array> {
          return {attend_plainly(in, attrs)};
        },
        .differentiable = {0, 1, 2},
        .accuracy = Accuracy::product,
    });
}

}  // namespace temper::conformance
