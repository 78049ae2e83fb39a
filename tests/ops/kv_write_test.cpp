#include "ops/kv_write.h"

#include <gtest/gtest.h>

#include "conformance/record.h"
#include "device/transfer.h"

namespace temper::conformance {
namespace {

TEST(KvWrite, ARowPastTheCacheIsNamedAtTheNextReadAndLeftOut) {
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
  EXPECT_EQ(read<float>(ctx, cache.tensor()), (std::vector<float>{0, 0, 1, 2, 0, 0, 0, 0}));
}

TEST(KvWrite, RowsOfAnotherTypeOrShapeAreRefused) {
  Context ctx(open_backend({}));
  State cache = State::zeros(ctx, DType::f16, {4, 1, 2});
  const Tensor at = upload(ctx, std::vector<int32_t>{1}, {1});
  EXPECT_THROW(kv_write_(ctx, cache, upload(ctx, std::vector<float>{1, 2}, {1, 1, 2}), at), Error);
  EXPECT_THROW(kv_write_(ctx, cache, upload(ctx, std::vector<f16_t>(3), {1, 1, 3}), at), Error);
}

}  // namespace
}  // namespace temper::conformance
