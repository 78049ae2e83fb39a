#include "ops/kv_write.h"

#include <gtest/gtest.h>

#include "device/transfer.h"
#include "ops/record.h"

namespace temper::suite {
namespace {

TEST(KvWrite, ARowPastTheCacheIsNamedAtTheNextReadAndNothingIsWritten) {
  Context ctx(open_backend({}));
  State cache = State::zeros(ctx, DType::f32, {4, 1, 2});
  const Tensor rows = upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 1, 2});
  kv_write_(ctx, cache, rows, upload(ctx, std::vector<int32_t>{1, 4}, {2}));
  try {
    ctx.stream().synchronize();
    FAIL() << "a row past the end was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::numeric);
    EXPECT_NE(std::string(error.what()).find("row 4 is not in the cache's 4"), std::string::npos) << error.what();
  }
  EXPECT_EQ(read<float>(ctx, cache.tensor()), std::vector<float>(8, 0.0f));
}

TEST(KvWrite, RowsOfAnotherTypeOrShapeAreRefused) {
  Context ctx(open_backend({}));
  State cache = State::zeros(ctx, DType::f16, {4, 1, 2});
  const Tensor at = upload(ctx, std::vector<int32_t>{1}, {1});
  EXPECT_THROW(kv_write_(ctx, cache, upload(ctx, std::vector<float>{1, 2}, {1, 1, 2}), at), Error);
  EXPECT_THROW(kv_write_(ctx, cache, upload(ctx, std::vector<f16_t>(3), {1, 1, 3}), at), Error);
}

}  // namespace

void records_of_kv_write(std::vector<OpRecord>& records) {
  records.push_back({
      .name = "kv_write",
      .samples = {{"rows", {uniform({6, 2, 3}, 1), uniform({3, 2, 3}, 2), ids({3}, {4, 0, 2})}, false},
                  {"a row twice", {uniform({3, 1, 2}, 1), uniform({3, 1, 2}, 2), ids({3}, {1, 0, 1})}, false},
                  {"none", {uniform({2, 1, 2}, 1), uniform({0, 1, 2}, 2), ids({0}, {})}, false}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        State cache(ctx, in[0]);
        kv_write_(ctx, cache, in[1], in[2]);
        return {cache.tensor()};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Array cache = in[0];
        const int64_t row = cache.shape[1] * cache.shape[2];
        for (int64_t n = 0; n < in[1].shape[0]; ++n)
          for (int64_t i = 0; i < row; ++i) cache[static_cast<int64_t>(in[2][n]) * row + i] = in[1][n * row + i];
        return {cache};
      },
      .accuracy = Accuracy::exact,
  });
}

}  // namespace temper::suite
