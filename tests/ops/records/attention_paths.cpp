// The ways through the attention kernels: several blocks of queries and of keys, few queries behind a long cache,
// groups of heads, windows that begin inside of a block, queries that see nothing.
#include <gtest/gtest.h>

#include <cmath>

#include "device/transfer.h"
#include "ops/attention.h"
#include "ops/record.h"

namespace temper::suite {
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

Tensor as_tensor(Context& ctx, const Array& x) {
  if (x.dtype) return upload(ctx, std::vector<int32_t>(x.values.begin(), x.values.end()), x.shape);
  return upload(ctx, std::vector<float>(x.values.begin(), x.values.end()), x.shape);
}

std::vector<float> attend_in_f32(Context& ctx, const std::vector<Array>& in, const AttentionAttrs& attrs) {
  return read<float>(ctx, attention(ctx, as_tensor(ctx, in[0]), as_tensor(ctx, in[1]), as_tensor(ctx, in[2]),
                                    as_tensor(ctx, in[3]), attrs));
}

/// Rows [begin, end) of the first dimension.
Array rows_of(const Array& x, int64_t begin, int64_t end) {
  const int64_t row = x.elements() / x.shape[0];
  Array part{x.shape, {x.values.begin() + begin * row, x.values.begin() + end * row}};
  part.shape.set(0, end - begin);
  return part;
}

TEST(Attention, PackedDocumentsGiveBitForBitWhatTheyGiveApart) {
  Context ctx(open_backend({}));
  const AttentionAttrs attrs{.scale = 0.5f};
  const auto packed = path_inputs(120, 120, 6, 2, 16, {0, 37, 0, 37, 37, 120, 37, 120});
  std::vector<float> apart;
  for (const int64_t begin : {0, 37}) {
    const int64_t end = begin == 0 ? 37 : 120;
    std::vector<Array> one;
    for (size_t i = 0; i < 3; ++i) one.push_back(rows_of(packed[i], begin, end));
    one.push_back(ids({1, 4}, {0, double(end - begin), 0, double(end - begin)}));
    const auto out = attend_in_f32(ctx, one, attrs);
    apart.insert(apart.end(), out.begin(), out.end());
  }
  EXPECT_EQ(attend_in_f32(ctx, packed, attrs), apart);
}

TEST(Attention, DecodingGivesTheLastRowOfThePrompt) {
  Context ctx(open_backend({}));
  const AttentionAttrs attrs{.scale = 0.5f, .window = 20};
  const auto prompt = path_inputs(50, 50, 4, 2, 8, {0, 50, 0, 50});
  const auto all = attend_in_f32(ctx, prompt, attrs);
  const auto last =
      attend_in_f32(ctx, {rows_of(prompt[0], 49, 50), prompt[1], prompt[2], ids({1, 4}, {0, 1, 0, 50})}, attrs);
  for (size_t i = 0; i < last.size(); ++i) EXPECT_NEAR(last[i], all[all.size() - last.size() + i], 1e-6);
}

TEST(Attention, ANaNScoreIsSeenInTheResult) {
  Context ctx(open_backend({}));
  for (const int64_t queries : {1, 10}) {  // the path of few queries and the blocks
    auto in = path_inputs(queries, 20, 1, 1, 8, {0, double(queries), 0, 20});
    in[1][5 * 8] = NAN;
    EXPECT_TRUE(std::isnan(attend_in_f32(ctx, in, {})[0])) << queries;
  }
}

TEST(Attention, ASegmentOutsideOfTheKeysIsNamedAtTheNextRead) {
  Context ctx(open_backend({}));
  try {
    attend_in_f32(ctx, path_inputs(2, 4, 1, 1, 4, {0, 2, 0, 5}), {});
    FAIL() << "a segment past the end was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::numeric);
    EXPECT_NE(std::string(error.what()).find("segment 0 {0,2,0,5} is not inside of 2 queries and 4 keys"),
              std::string::npos)
        << error.what();
  }
}

TEST(Attention, ShapesThatDoNotFitAreRefused) {
  Context ctx(open_backend({}));
  const auto refused = [&](const std::vector<Array>& in) {
    try {
      attend_in_f32(ctx, in, {});
    } catch (const Error& error) {
      return error.code() == ErrorCode::shape_mismatch;
    }
    return false;
  };
  EXPECT_TRUE(refused(path_inputs(2, 2, 3, 2, 4, {0, 2, 0, 2})));  // 3 heads in 2 groups
  auto in = path_inputs(2, 2, 2, 2, 4, {0, 2, 0, 2});
  in[3] = ids({2, 2}, {0, 2, 0, 2});
  EXPECT_TRUE(refused(in));
  in = path_inputs(2, 2, 2, 2, 4, {0, 2, 0, 2});
  in[2] = uniform({2, 2, 6}, 1);
  EXPECT_TRUE(refused(in));
}

}  // namespace

void records_of_attention_paths(std::vector<OpRecord>& records) {
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

}  // namespace temper::suite
