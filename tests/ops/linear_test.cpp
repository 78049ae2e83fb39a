#include "ops/linear.h"

#include <gtest/gtest.h>

#include "autograd/tape.h"
#include "conformance/samples.h"
#include "device/transfer.h"
#include "ops/dequantize_weight.h"
#include "ops/embedding.h"

namespace temper::conformance {
namespace {

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Linear, SaysWhichDimensionDoesNotFit) {
  Context ctx(open_backend({}));
  const WeightHandle w = stored(ctx, weight_values(6, 4, 77), QuantType::f32);
  const Tensor x = upload(ctx, std::vector<float>(6), {2, 3});
  EXPECT_EQ(message_of([&] { linear(ctx, x, w); }),
            "linear: x f32[2,3] with weight 'weight' [6,4]: the last dimension must be 4");
  EXPECT_EQ(message_of([&] { linear_transposed(ctx, x, w); }),
            "linear: x f32[2,3] with weight 'weight' [6,4] transposed: the last dimension must be 6");
  EXPECT_NE(message_of([&] { linear(ctx, x, nullptr); }), "");
}

TEST(Linear, AWeightLargerThanOneExpandedBlockGivesWhatItsF32ValuesGive) {
  Context ctx(open_backend({}));
  const int64_t rows = 4200, columns = 1024;  // over 4 Mi values
  const Array w = weight_values(rows, columns, 77);
  const Array x0 = uniform({9, columns}, 3), x1 = uniform({9, rows}, 4);
  const Tensor x = upload(ctx, std::vector<float>(x0.values.begin(), x0.values.end()), x0.shape);
  const Tensor xt = upload(ctx, std::vector<float>(x1.values.begin(), x1.values.end()), x1.shape);
  const WeightHandle f32 = stored(ctx, w, QuantType::f32), bf16 = stored(ctx, w, QuantType::bf16);
  const auto want = read<float>(ctx, linear(ctx, x, f32)), got = read<float>(ctx, linear(ctx, x, bf16));
  const auto want_t = read<float>(ctx, linear_transposed(ctx, xt, f32));
  const auto got_t = read<float>(ctx, linear_transposed(ctx, xt, bf16));
  for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-3) << i;
  for (size_t i = 0; i < want_t.size(); ++i) ASSERT_NEAR(got_t[i], want_t[i], 1e-3) << i;
}

TEST(Embedding, AnIdPastTheVocabularyIsNamedAtTheNextRead) {
  Context ctx(open_backend({}));
  const WeightHandle table = stored(ctx, weight_values(10, 4, 77), QuantType::f32);
  const auto read_row = [&](int32_t id) {
    read<float>(ctx, embedding(ctx, table, upload(ctx, std::vector<int32_t>{1, id}, {2}), DType::f32));
  };
  EXPECT_NE(message_of([&] { read_row(10); }).find("token id 10 is not below the vocabulary's 10"), std::string::npos);
  EXPECT_NE(message_of([&] { read_row(-1); }).find("token id -1 is negative"), std::string::npos);
  read_row(9);
}

}  // namespace
}  // namespace temper::conformance
