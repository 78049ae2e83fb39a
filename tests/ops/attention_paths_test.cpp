#include <gtest/gtest.h>

#include <cmath>

#include "conformance/record.h"
#include "device/backend.h"
#include "device/transfer.h"
#include "ops/attention.h"

namespace temper::conformance {
namespace {

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

TEST(Attention, AQueryThatIsNotANumberLeavesTheOthersAlone) {
  constexpr int64_t kQueries = 40, kKeys = 70, kHeads = 2, kWidth = 16, kRow = kHeads * kWidth, kBad = 35;
  for (const DeviceType device : available_devices()) {
    Context ctx(open_backend({device}));
    for (const float bad : {float(NAN), float(INFINITY)}) {
      const auto in = path_inputs(kQueries, kKeys, kHeads, kHeads, kWidth, {0, kQueries, 0, kKeys});
      const auto good = attend_in_f32(ctx, in, {});
      auto spoiled = in;
      spoiled[0].values[kBad * kRow] = bad;  // of its first head
      const auto out = attend_in_f32(ctx, spoiled, {});
      for (size_t i = 0; i < out.size(); ++i) {
        const bool is_spoiled = static_cast<int64_t>(i) / kWidth == kBad * kHeads;
        if (is_spoiled) {
          EXPECT_FALSE(std::isfinite(out[i])) << i;
        } else {
          EXPECT_EQ(out[i], good[i]) << i;
        }
      }
    }
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
}  // namespace temper::conformance
